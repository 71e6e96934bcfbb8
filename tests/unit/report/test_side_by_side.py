"""Families over their environments as text: in full, and as one line each."""

from datetime import UTC, datetime

import pytest
from msgspec import structs

from lockstep.model.file_results import Status
from lockstep.model.side_by_side import (
    BehindStatus,
    EnvironmentStatus,
    ObstacleKind,
    ObstacleStatus,
    QuarantinedLater,
    SideBySide,
    VersionSince,
)
from lockstep.model.status import FamilyStatus, RolloutState
from lockstep.report.envelope import validator
from lockstep.report.result_data import to_envelope
from lockstep.report.side_by_side import format_side_by_side
from lockstep.report.status import format_status

NOW = "2026-03-03T10:00:00Z"
FIVE = VersionSince("5", "sha256:5", "2026-03-02T18:00:00Z", 9)
FOUR = VersionSince("4", "sha256:4", "2026-03-01T08:00:00Z", 6)
BAKES = ObstacleStatus(
    ObstacleKind.BAKE,
    "version 5 has served as verified in dev/fraud since 2026-03-02T18:00:00Z, and staging asks "
    "for 24h", "promote it then", "2026-03-03T18:00:00Z",
)  # fmt: skip
DEV = EnvironmentStatus("dev", RolloutState.STEADY, ("5",), FIVE)
STAGING = EnvironmentStatus(
    "staging", RolloutState.STEADY, ("4",), FOUR, None, "dev",
    BehindStatus(1, "2026-03-02T18:00:00Z"), FIVE, (BAKES,),
)  # fmt: skip
PROD = EnvironmentStatus(
    "prod", RolloutState.ROLLING, ("3", "4"), FOUR, "6", "staging", BehindStatus(0),
)  # fmt: skip
LATER = QuarantinedLater("prod", "5", "2026-03-02T20:00:00Z", "too slow", "sha256:d")


def drawn(*environments: EnvironmentStatus, in_full: bool = True, width: int = 80) -> list[str]:
    now = datetime(2026, 3, 3, 10, tzinfo=UTC)
    (block,) = format_side_by_side(
        [SideBySide("fraud", environments)], now, in_full=in_full, width=width, colour=False
    )
    assert max(map(len, block.splitlines())) <= width
    return block.splitlines()


def words(*environments: EnvironmentStatus) -> str:
    return " ".join(" ".join(drawn(*environments)).split())


def test_a_family_is_shown_in_one_environment_after_the_other() -> None:
    assert drawn(DEV, STAGING, PROD) == [
        "fraud  in dev, staging and prod",
        "  dev      version 5, verified since 2026-03-02T18:00:00Z (16h ago)",
        "  staging  version 4, verified since 2026-03-01T08:00:00Z (2d2h ago)",
        "           1 version behind dev since 2026-03-02T18:00:00Z (16h ago)",
        "           version 5 of dev waits for its bake in dev, until",
        "           2026-03-03T18:00:00Z (in 8h)",
        "  prod     version 4, verified since 2026-03-01T08:00:00Z (2d2h ago); version 6",
        "           ROLLING",
        "           the same as in staging",
    ]


def test_many_families_have_a_line_each() -> None:
    assert drawn(DEV, STAGING, PROD, in_full=False) == [
        "in several environments  lockstep status FAMILY shows each",
        "  fraud  dev 5, staging 4 (1 behind: bakes until 2026-03-03T18:00:00Z), prod 4",
        "         (6 rolling)",
    ]


@pytest.mark.parametrize(
    ("obstacles", "says", "brief"),
    [
        ((), "version 5 of dev can be promoted: lockstep promote staging/fraud", "1 behind: due"),
        (
            (ObstacleStatus(ObstacleKind.POLICY, "lockstep promote --all leaves staging out"),),
            "version 5 of dev can be promoted: lockstep promote staging/fraud "
            "lockstep promote --all leaves staging out",
            "1 behind: due",
        ),
        (
            (ObstacleStatus(ObstacleKind.QUARANTINE, "it is bad"),),
            "version 5 of dev waits: it is bad",
            "1 behind: in quarantine",
        ),
        (
            (ObstacleStatus(ObstacleKind.FREEZE, "the freeze 'sales' holds: no risk",
                            until="2026-03-04T10:00:00Z"),),
            "version 5 of dev waits: the freeze 'sales' holds: no risk, until "
            "2026-03-04T10:00:00Z (in 1d)",
            "1 behind: frozen until 2026-03-04T10:00:00Z",
        ),
    ],
)  # fmt: skip
def test_what_is_due_says_what_keeps_it_or_how_to_promote_it(
    obstacles: tuple[ObstacleStatus, ...], says: str, brief: str
) -> None:
    staging = structs.replace(STAGING, obstacles=obstacles)
    assert words(DEV, staging).endswith(says)
    assert brief in " ".join(drawn(DEV, staging, in_full=False))


def test_a_predecessor_with_nothing_to_give_says_why() -> None:
    why = ObstacleStatus(ObstacleKind.PREDECESSOR, "dev/fraud has diverged")
    staging = structs.replace(STAGING, due=None, obstacles=(why,))
    assert "nothing of dev is promoted: dev/fraud has diverged" in words(DEV, staging)
    assert "nothing to promote" in " ".join(drawn(DEV, staging, in_full=False))


@pytest.mark.parametrize(
    ("behind", "says"),
    [
        (BehindStatus(2, "2026-03-03T08:00:00Z"), "2 versions behind dev since"),
        (BehindStatus(None), "dev has never verified version 4"),
        (BehindStatus(None, None, "2026-03-03T09:00:00Z"),
         "dev has rolled version 4 back at 2026-03-03T09:00:00Z (1h ago)"),
    ],
)  # fmt: skip
def test_behind_is_said_in_words(behind: BehindStatus, says: str) -> None:
    assert says in words(DEV, structs.replace(STAGING, behind=behind))


def test_an_environment_without_a_verified_version_or_in_disorder_says_so() -> None:
    new = EnvironmentStatus("staging", RolloutState.NEW, predecessor="dev")
    assert "staging no verified version; NEW" in words(DEV, new)
    broken = structs.replace(STAGING, state=RolloutState.BROKEN)
    assert "BROKEN" in words(DEV, broken)
    assert "4 (broken; 1 behind" in " ".join(drawn(DEV, broken, in_full=False))


def test_a_quarantine_in_a_later_environment_is_shown_everywhere_it_matters() -> None:
    dev = structs.replace(DEV, quarantined_later=(LATER,))
    says = "version 5 is quarantined in prod since 2026-03-02T20:00:00Z: too slow"
    assert says in words(dev, PROD)
    assert "dev 5 (5 quarantined in prod)" in " ".join(drawn(dev, PROD, in_full=False))
    family = FamilyStatus("dev", "fraud", "", RolloutState.STEADY)
    both = Status((family,), now=NOW, side_by_side=(SideBySide("fraud", (dev, PROD)),))
    block = " ".join(format_status(both, width=80).split("dev/fraud")[-1].split())
    assert f"quarantine {says}" in block


def test_nothing_of_a_registry_or_a_record_becomes_a_command_of_the_terminal() -> None:
    why = ObstacleStatus(ObstacleKind.QUARANTINE, "bad \x1b[31m\n::error::x")
    said = words(DEV, structs.replace(STAGING, obstacles=(why,)))
    assert "\x1b" not in said and " ::error" not in said


def test_the_json_has_what_the_text_has() -> None:
    shown = Status((), now=NOW, side_by_side=(SideBySide("fraud", (DEV, STAGING, PROD)),))
    data = to_envelope(shown, "status").to_data()
    validator("status").validate(data)
    (family,) = data["summary"]["sideBySide"]
    staging = family["environments"][1]
    assert staging["behind"]["versions"] == 1 and staging["due"]["version"] == "5"
    assert staging["obstacles"][0]["kind"] == "bake"

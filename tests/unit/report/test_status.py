"""The state of a fleet as one screen: what is shown of each family, how wide, in which colours."""

import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from rich.cells import cell_len

from lockstep.model.decision import Action
from lockstep.model.evidence import Verdict
from lockstep.model.file_results import Status
from lockstep.model.finding import Finding
from lockstep.model.forecast import ForecastStep
from lockstep.model.status import (
    FamilyProblem,
    FamilyStatus,
    FreezeInForce,
    GateVerdict,
    LastDecision,
    QuarantineEntry,
    RegionStatus,
    RolloutState,
    RolloutStatus,
    ShownTree,
    SkewStatus,
    VariantStatus,
    WaitFor,
    WaitKind,
)
from lockstep.model.times import format_duration
from lockstep.report.envelope import validator
from lockstep.report.places import seen_from
from lockstep.report.result_data import to_envelope
from lockstep.report.results import format_text
from lockstep.report.status import format_status

NOW = "2026-03-01T10:00:00Z"
STABLE, CANARY = VariantStatus("stable", "1", 90), VariantStatus("candidate", "2", 10)
ALONE = VariantStatus("stable", "1", 100)
EU, US, AP = "eu-west-1", "us-east-1", "ap-south-1"


def region(name: str, *variants: VariantStatus, cluster: str = "") -> RegionStatus:
    return RegionStatus(cluster or f"fraud-{name}", name, "", variants or (ALONE,))


LAST = LastDecision(
    4, Action.ADVANCE, "2", "2026-03-01T09:30:00Z", True, "A runner <runner@example.com>",
    "the proposal was merged", Verdict.PASS, "sha256:1",
)  # fmt: skip
ROLLING = FamilyStatus(
    "prod", "fraud", "risk-ml@example.com", RolloutState.ROLLING,
    regions=(region(EU, STABLE, CANARY), region(US), region(AP)),
    rollout=RolloutStatus(
        "2", 2, 3, 1, 1, 10, (EU,), "2026-03-01T09:30:00Z",
        ForecastStep(1, 2, (EU,), 50, "2026-03-01T10:30:00Z"), "2026-03-02T08:00:00Z",
        "2026-03-01T14:30:00Z",
    ),
    waits_for=(
        WaitFor(WaitKind.BAKE, "2026-03-01T10:30:00Z"),
        WaitFor(WaitKind.GATES, names=("fpr", "latency"), clusters=(f"fraud-{EU}",)),
        WaitFor(WaitKind.DECISION),
    ),
    skew=SkewStatus(("1", "2"), "2026-03-01T09:30:00Z", "2026-03-02T09:30:00Z"),
    last=LAST, judged=LAST,
    verdicts=(
        GateVerdict("fpr", "mlflow", f"fraud-{EU}", "2", Verdict.PASS, "0.01 is good", NOW),
        GateVerdict("latency", "prometheus", f"fraud-{EU}", "2", Verdict.ERROR, "no answer", NOW),
    ),
)  # fmt: skip


def drawn(*families: FamilyStatus, width: int = 80, **more: Any) -> str:
    return format_status(Status(families, now=NOW), width=width, **more)


def of(**changes: Any) -> FamilyStatus:
    return structs.replace(ROLLING, **changes)


def test_a_rollout_shows_where_it_is_what_ends_when_and_what_serves() -> None:
    assert drawn(ROLLING).split("\n")[1:] == [
        "At 2026-03-01T10:00:00Z: 1 family: 1 rolling",
        "",
        "prod/fraud  ROLLING  version 2, wave 1 of 2, step 1 of 3",
        "  waits for  the bake, until 2026-03-01T10:30:00Z (in 30m)",
        "             then the gates fpr and latency to pass in eu-west-1",
        "             then the next run of lockstep advance",
        "  next       wave 1 step 2: 50% in eu-west-1, at 2026-03-01T10:30:00Z at the",
        "             earliest; verified at 2026-03-02T08:00:00Z at the earliest",
        "  serving    eu-west-1: 90% version 1, 10% version 2",
        "             us-east-1, ap-south-1: 100% version 1",
        "  skew       versions 1 and 2 serve since 2026-03-01T09:30:00Z (30m), allowed",
        "             until 2026-03-02T09:30:00Z",
        "  gates      version 2, by record 4 (advance) of 2026-03-01T09:30:00Z",
        "             error latency in eu-west-1: no answer",
        "             pass fpr in eu-west-1: 0.01 is good",
        "  last       record 4, next step of version 2 at 2026-03-01T09:30:00Z (30m ago)",
        "             by A runner <runner@example.com>: the proposal was merged",
    ]


def test_what_needs_people_comes_first_and_the_states_are_counted() -> None:
    steady = of(family="calm", state=RolloutState.STEADY, rollout=None, waits_for=())
    broken = of(family="sick", state=RolloutState.BROKEN, rollout=None)
    said = drawn(steady, ROLLING, broken)
    assert "3 families: 1 broken, 1 rolling, 1 steady" in said
    assert said.index("prod/sick") < said.index("prod/fraud") < said.index("prod/calm")


@pytest.mark.parametrize(
    ("wait", "says"),
    [
        (WaitFor(WaitKind.ADOPTION), "its first record: lockstep adopt prod/fraud --reason '...'"),
        (WaitFor(WaitKind.RESUME, reason="we look"),
         "people: lockstep resume prod/fraud --reason '...' (held: we look)"),
        (WaitFor(WaitKind.LIVE, names=("live",), clusters=(f"fraud-{EU}", f"fraud-{US}")),
         "Argo CD to have it live in eu-west-1 and us-east-1;"),
        (WaitFor(WaitKind.BAKE, seconds=5400), "the bake, 1h30m from when it is live"),
        (WaitFor(WaitKind.FREEZE, "2026-03-02T00:00:00Z", names=("sales",)),
         "the end of the freeze sales, 2026-03-02T00:00:00Z (in 14h)"),
        (WaitFor(WaitKind.GATES, names=("fpr",), clusters=("a", "b", "c", "d")),
         "the gate fpr to pass in 4 clusters"),
        (WaitFor(WaitKind.APPROVAL, names=("managers",), role="release-managers", count=2),
         "2 approvals for the role release-managers (gate managers);"),
        (WaitFor(WaitKind.SETTLE, reason="the plan was changed"),
         "people: the plan was changed; undo that, or roll back: lockstep"),
    ],
)  # fmt: skip
def test_each_thing_that_is_waited_for_has_its_words(wait: WaitFor, says: str) -> None:
    assert says in drawn(of(waits_for=(wait,)))


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (RolloutState.BROKEN,
         "people: restore the record from git, or lockstep adopt prod/fraud --reason '...'; "
         "lockstep revert prod/fraud --reason '...' works meanwhile"),
        (RolloutState.DIVERGED,
         "people: lockstep revert prod/fraud --reason '...' restores what is recorded; "
         "lockstep adopt prod/fraud --reason '...' records what the files say"),
        (RolloutState.MALFORMED, "people: correct the file by a pull request"),
    ],
)  # fmt: skip
def test_a_family_that_people_have_to_settle_names_the_commands(
    state: RolloutState, says: str
) -> None:
    settle = (WaitFor(WaitKind.SETTLE),)
    made = of(state=state, rollout=None, waits_for=settle, regions=(region(EU), region(US)))
    assert says in " ".join(drawn(made).split())


@pytest.mark.parametrize("state", [RolloutState.BROKEN, RolloutState.DIVERGED])
def test_in_the_middle_of_a_rollout_nothing_can_be_adopted(state: RolloutState) -> None:
    said = drawn(of(state=state, rollout=None, waits_for=(WaitFor(WaitKind.SETTLE),)))
    assert "lockstep revert prod/fraud" in said and "lockstep adopt" not in said


def test_a_step_that_waits_too_long_is_overdue_and_names_the_owner() -> None:
    late = Status((ROLLING,), now="2026-03-01T15:00:00Z")
    said = format_status(late)
    assert "overdue since 2026-03-01T14:30:00Z: notify the owner" in said
    assert "owner      risk-ml@example.com" in said
    assert "overdue" not in drawn(ROLLING) and "owner" not in drawn(ROLLING)


def test_a_freeze_a_quarantine_and_a_breached_skew_are_shown() -> None:
    entry = QuarantineEntry(
        "3", "sha256:3", "mlflow", "fraud", NOW, "it refused people", "sha256:d"
    )
    made = of(
        quarantine=(entry,),
        freezes=(FreezeInForce("sales", "2026-03-01T12:00:00Z", "no risk"),),
        skew=SkewStatus(("1", "2"), NOW, "2026-03-01T09:00:00Z", breached=True),
    )
    said = drawn(made)
    assert "quarantine  version 3 since 2026-03-01T10:00:00Z: it refused people" in said
    assert "freeze      sales until 2026-03-01T12:00:00Z (in 2h): no risk" in said
    assert "longer than allowed: until" in " ".join(said.split())


def test_problems_name_their_place() -> None:
    made = of(
        state=RolloutState.DIVERGED,
        rollout=None,
        problems=(
            FamilyProblem("ledger/prod/fraud/000003.json", 1, "it cannot be read"),
            FamilyProblem("clusters/prod/fraud/a.yaml", 7, "it has 2"),
        ),
    )
    said = " ".join(drawn(made).split())
    assert "problem ledger/prod/fraud/000003.json:1: it cannot be read" in said
    assert "clusters/prod/fraud/a.yaml:7: it has 2" in said
    assert "owner risk-ml@example.com" in said
    there = seen_from(Status((made,), now=NOW), "clusters/prod")
    assert "fraud/a.yaml:7: it has 2" in format_status(there)


def test_two_clusters_of_one_region_and_arms_are_told_apart() -> None:
    arm = VariantStatus("b", "3", 20, experiment=True)
    made = of(
        regions=(
            region(EU, replace_weight(80), arm, cluster="fraud-eu-retail"),
            region(EU, cluster="fraud-eu-trade"),
            region(US, VariantStatus("stable", "1", 0)),
        )
    )
    said = drawn(made)
    assert "fraud-eu-retail: 80% version 1, 20% version 3 (arm b)" in said
    assert "fraud-eu-trade: 100% version 1" in said and "us-east-1: nothing" in said


def replace_weight(weight: int) -> VariantStatus:
    return structs.replace(ALONE, weight=weight)


def test_of_many_passes_only_the_places_are_shown() -> None:
    passes = tuple(
        GateVerdict("fpr", "mlflow", f"c-{n}", "2", Verdict.PASS, f"reason {n}", NOW)
        for n in range(9)
    )
    said = " ".join(drawn(of(verdicts=(*passes, ROLLING.verdicts[1]))).split())
    assert "reason" not in said and "pass fpr in c-0, c-1," in said
    assert "error latency in eu-west-1: no answer" in said


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = "a" * 63
    made = of(
        environment="e" * 60,
        family=long,
        regions=tuple(region(f"{long}-{n}", cluster=f"{long}-{n}") for n in range(3)),
        problems=(FamilyProblem(f"clusters/{long}/{long}/{long}.yaml", 1, "界" * 90),),
    )
    lines = drawn(made, width=width).split("\n")
    assert max(map(cell_len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)


def test_colours_mark_states_and_verdicts_and_are_only_there_when_asked_for() -> None:
    said = drawn(ROLLING, colour=True)
    assert "\x1b[36mROLLING\x1b[0m" in said
    assert "\x1b[31m\x1b[1merror\x1b[0m" in said and "\x1b[32mpass\x1b[0m" in said
    assert "\x1b" not in drawn(ROLLING)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    assert [line.rstrip() for line in plain.split("\n")] == drawn(ROLLING).split("\n")


def test_hostile_text_neither_colours_nor_forges_lines() -> None:
    bad = "x\x1b[2J\n::error::y " + "::error::z " * 40 + "##[error] [red]z"
    last = structs.replace(LAST, actor=bad, reason=bad)
    wait = WaitFor(WaitKind.RESUME, reason=bad)
    made = of(owner=bad, last=last, waits_for=(wait,), problems=(FamilyProblem("f", 1, bad),))
    shown = ShownTree("c" * 40, bad, bad, bad, problem=bad)
    said = format_status(Status((made,), shown=shown, now=NOW))
    assert "\x1b" not in said and "##[" not in said
    assert not any(line.lstrip().startswith("::") for line in said.split("\n"))


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        (ShownTree("c" * 40, "main", "origin", "https://git.example.com/fleet", fetched=True),
         ["Of branch main of origin, https://git.example.com/fleet"]),
        (ShownTree("c" * 40, "main"), ["Of branch main of this repository, which has no remote"]),
        (ShownTree("c" * 40, "main", "origin", "https://h/f", fetched_at="2026-03-01T08:00:00Z",
                   problem="git ls-remote\nfailed"),
         ["Of branch main of origin, https://h/f",
          "  NOT FETCHED: origin/main is as last fetched 2026-03-01T08:00:00Z, 2h ago",
          "  because git ls-remote failed"]),
        (ShownTree("c" * 40, "main", "origin", "https://h/f"),
         ["Of branch main of origin, https://h/f",
          "  NOT FETCHED: origin/main is as last fetched at a time that is not known"]),
        (ShownTree(None, "main", "origin", behind=3, fetched_at="2026-03-01T09:59:00Z"),
         ["Of the work tree",
          "  NOT FETCHED: origin/main is as last fetched 2026-03-01T09:59:00Z, 1m ago",
          "  HEAD lacks 3 commits of origin/main"]),
        (ShownTree(problem="no remote is the fleet's"),
         ["Of the work tree", "  because no remote is the fleet's"]),
    ],
)  # fmt: skip
def test_the_head_says_what_is_shown_and_how_old_it_is(shown: ShownTree, says: list[str]) -> None:
    said = format_status(Status((), shown=shown, now=NOW)).split("\n")
    assert said[:-1] == says


def test_what_is_malformed_is_below_the_blocks_and_in_the_data() -> None:
    wrong = Finding("b.yaml", 1, 1, "schema.type", "it is broken", "fix it")
    result = Status((ROLLING,), (wrong,), now=NOW)
    assert format_text(result).endswith("1 error")
    data = to_envelope(result, "status").to_data()
    assert data["findings"][0]["message"] == "it is broken" and data["summary"]["at"] == NOW
    assert data["items"][0]["rollout"]["next"]["at"] == "2026-03-01T10:30:00Z"
    validator("status").validate(data)


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (5400, "1h30m"), (86_400, "1d"), (95_000, "1d2h"),
     (86_460, "1d"), (-90, "1m30s")],
)  # fmt: skip
def test_durations_have_their_two_largest_units(seconds: int, says: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == says

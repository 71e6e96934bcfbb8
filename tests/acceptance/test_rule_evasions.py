"""Ways in which a change may try to evade the rules."""

import json
import re
import shutil
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.world import git

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("clusters", "policies", "rendered", "templates")
NOW = "2026-09-07T09:00:00Z"
PROD = Path("clusters/prod")
ENVIRONMENT = PROD / "environment.yaml"
CANDIDATE = '    - {{name: candidate, version: "{}", weight: 0}}'
READ = 'readAt: "{}T08:00:00Z"'


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """The reference fleet, committed."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "ML platform")
    git(tmp_path, "config", "user.email", "ml-platform@example.com")
    for folder in FOLDERS:
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    commit(tmp_path)
    return tmp_path


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "a fleet")


def found(root: Path, now: str = NOW) -> set[tuple[str, str]]:
    """The rule and the file of each finding about a change, with rendered/ up to date."""
    assert invoke(["render", "--root", str(root)])[0] == 0
    report = invoke(["check", "--root", str(root), "--now", now, "--format", "json"])[1]
    return {(f["rule"].removeprefix("policy."), f["file"]) for f in json.loads(report)["findings"]}


def replace(root: Path, path: Path, pattern: str, text: str) -> None:
    old = (root / path).read_text()
    new = re.sub(pattern, text, old, flags=re.MULTILINE)
    assert new != old, pattern
    (root / path).write_text(new)


def register(root: Path, family: str, version: str, like: str) -> None:
    """A lock of another version, as if read from the registry this morning."""
    locks = root / PROD / family / "locks"
    shutil.copy(locks / f"{like}.yaml", locks / f"{version}.yaml")
    lock = PROD / family / "locks" / f"{version}.yaml"
    replace(root, lock, f'version: "{like}"', f'version: "{version}"')
    replace(root, lock, "readAt: .*", READ.format("2026-09-07"))
    replace(root, lock, "^    digest: .*", f'    digest: "sha256:{"ab" * 32}"')


def swap(root: Path, family: str, cluster: str, old: str, new: str) -> None:
    """All traffic of a cluster at once to another version."""
    stable = rf'\{{name: stable, version: "{old}", (weight: \d+)\}}'
    replace(
        root, PROD / family / f"{cluster}.yaml", stable,
        rf'{{name: stable, version: "{new}", \1}}'
        f'\n    - {{name: previous, version: "{old}", weight: 0, warm: true}}',
    )  # fmt: skip


def test_a_change_cannot_lower_the_tier_that_it_is_checked_by(fleet: Path) -> None:
    replace(fleet, ENVIRONMENT, "tier: production.*", "tier: development")
    family = PROD / "fraud-detection/family.yaml"
    replace(fleet, family, "      onCall: .*\n", "")
    assert found(fleet) == {("on-call-route", str(family))}
    commit(fleet)
    replace(fleet, family, "      dashboard: .*\n", "")
    assert found(fleet) == set()


def test_a_change_cannot_end_the_freeze_in_which_it_moves(
    fleet: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path_factory.mktemp("cache")))
    replace(fleet, ENVIRONMENT, 'cron: "0 16', 'cron: "30 16')
    commit(fleet)
    replace(fleet, ENVIRONMENT, r"  freezes:\n(    .*\n)+", "")
    replace(fleet, PROD / "personalisation/locks/24.yaml", "readAt: .*", READ.format("2026-09-04"))
    cluster = PROD / "personalisation/us-east-1.yaml"
    for was, now in (("weight: 95", "weight: 94"), ("weight: 5,", "weight: 6,")):
        replace(fleet, cluster, was, now)
    replace(fleet, cluster, "ceiling: 5", "ceiling: 6")
    # In the time zone of the freeze, where it is an hour later in summer.
    assert found(fleet, "2026-09-04T15:29:00Z") == set()
    assert found(fleet, "2026-09-04T15:31:00Z") == {("freeze", str(cluster))}


def test_a_new_name_does_not_make_a_new_family(fleet: Path) -> None:
    register(fleet, "fraud-detection", "42", "41")
    for region in ("ap-south-1", "us-east-1", "eu-west-1"):
        swap(fleet, "fraud-detection", region, "41", "42")
    (fleet / PROD / "fraud-detection").rename(fleet / PROD / "card-checks")
    for path in [*(fleet / PROD / "card-checks").rglob("*.yaml"), fleet / ENVIRONMENT]:
        path.write_text(path.read_text().replace("fraud-detection", "card-checks"))
    for_approval = {"addresses-kept", "cluster-moved"}
    assert {rule for rule, _ in found(fleet)} == {"step-in-plan"} | for_approval


def test_a_new_plan_does_not_allow_a_move_of_the_same_change(fleet: Path) -> None:
    register(fleet, "personalisation", "25", "21")
    swap(fleet, "personalisation", "eu-west-1", "21", "25")
    us_east = PROD / "personalisation/us-east-1.yaml"
    replace(fleet, us_east, "^    # Learns", CANDIDATE.format("25") + "\n    # Learns")
    family = PROD / "personalisation/family.yaml"
    replace(fleet, family, r"      - \{weight: (10|50), .*\n", "")
    replace(fleet, family, r"waves: .*", "waves: [[eu-west-1], [us-east-1]]")
    cluster = str(PROD / "personalisation/eu-west-1.yaml")
    rules = ("step-in-plan", "wave-order", "verified-before")
    assert found(fleet) == {(rule, cluster) for rule in rules}


def test_feedback_reaches_no_other_family(fleet: Path) -> None:
    arm = PROD / "personalisation/us-east-1.yaml"
    replace(fleet, arm, r"writes: \[bandit_clicks\]", "writes: [fraud_answers]")
    assert found(fleet) == {("feedback-contained", str(arm))}

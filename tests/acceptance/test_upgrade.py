"""``lockstep upgrade``: the pin, what rendering gives, and what the rules now find."""

import json
from pathlib import Path

import pytest

from lockstep.cli import invoke
from lockstep.edges import resources
from lockstep.model.fleet import ShippedFile
from tests.acceptance.fleets import EU, Fleet
from tests.acceptance.reverts import in_state, live, revert, steady
from tests.acceptance.rollouts import DAY, advance, publish, roll
from tests.acceptance.test_pin import SETTINGS, SOURCE, settings
from tests.acceptance.test_shipped_policies import fleet as shipped_fleet
from tests.acceptance.world import FAMILY, REGIONS, World, git

NEXT = "0.2.0"
HASH = "sha256:" + "1" * 64
RULE = "policies/rules/min-replicas/min_replicas.rego"
ORGANISATION = "policies/data/organisation.yaml"
THRESHOLDS = "policies/rules/min-replicas/thresholds.yaml"
TEMPLATE = "templates/service/service.yaml.j2"
WHEN = ["--now", "2026-06-01T08:00:00Z"]

fleet = shipped_fleet


@pytest.fixture
def old(fleet: Fleet) -> Fleet:
    """A fleet that is pinned to this version."""
    fleet.write(SETTINGS, "# Ours.\n" + settings("0.1.0") + "# The end.\n")
    git(fleet.root, "add", "--all")
    git(fleet.root, "commit", "--quiet", "--message=pin it")
    return fleet


def become_next_version(monkeypatch: pytest.MonkeyPatch, *, stricter: bool) -> None:
    """The next version of the program: a template has another line, and a rule may ask more."""
    edits = {TEMPLATE: (b"spec:\n", b"# New in 0.2.0.\nspec:\n")}
    if stricter:
        edits[RULE] = (b"#   since: 0.1.0\n", b"#   since: 0.1.0\n#   changed: 0.2.0\n")
        edits[THRESHOLDS] = (b"production: 2", b"production: 9")
    files = dict(resources.shipped_tree())
    for path, (before, after) in edits.items():
        assert before in files[path]
        files[path] = ShippedFile(files[path].replace(before, after, 1))
    for module in ("check.pinned", "commands.upgrade", "transactions.snapshot"):
        monkeypatch.setattr(f"lockstep.{module}.__version__", NEXT)
    monkeypatch.setattr("lockstep.check.workspace.shipped_tree", lambda: files)
    for module in ("check.change", "check.change_check"):
        monkeypatch.setattr(f"lockstep.{module}.shipped_digest", lambda: "sha256:next")


@pytest.fixture
def next_version(old: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ``old``, which is rendered with this version."""
    become_next_version(monkeypatch, stricter=True)


def upgrade(fleet: Fleet, *arguments: str) -> tuple[int, str]:
    return invoke(["upgrade", "--root", str(fleet.root), *WHEN, *arguments])


@pytest.mark.usefixtures("next_version")
def test_an_upgrade_is_the_pin_what_is_rendered_and_what_the_rules_find(old: Fleet) -> None:
    assert invoke(["check", "--root", str(old.root)])[0] == 1
    code, said = upgrade(old, "--hash", HASH)
    assert code == 11
    assert f"pinned to Lockstep {NEXT} from {SOURCE}, {HASH}, not to Lockstep 0.1.0" in said
    assert "1 changed rule:\n  min-replicas (" in said
    assert "policy.min-replicas" in said and "approval.program" in said
    text = (old.root / SETTINGS).read_text()
    assert text.startswith("# Ours.\n") and text.endswith("# The end.\n")
    changed = git(old.root, "status", "--porcelain").split()[1::2]
    assert {path.split("/")[0] for path in changed} == {SETTINGS, "rendered"}
    assert any(path.endswith("PROVENANCE") for path in changed)


@pytest.mark.usefixtures("next_version")
def test_an_upgrade_that_finds_nothing_is_one_change_to_approve(old: Fleet) -> None:
    old.write(THRESHOLDS, "thresholds: {min_replicas: {production: 1}}\n")
    git(old.root, "add", "--all")
    git(old.root, "commit", "--quiet", "--message=our own number")
    code, said = upgrade(old, "--hash", HASH, "--format", "json")
    found = json.loads(said)
    assert (code, found["changedRules"], found["summary"]["approvals"]) == (0, ["min-replicas"], 1)
    git(old.root, "commit", "--quiet", "--all", "--message=upgrade")
    assert invoke(["check", "--all", "--root", str(old.root), *WHEN])[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--hash", "sha256:12"),
        ("--source", "lockstep"),
        ("--source", "git+https://git.example.com/lockstep.git@main"),
        (),
    ],
)
@pytest.mark.usefixtures("next_version")
def test_a_pin_that_names_no_program_exactly_is_refused(
    old: Fleet, arguments: tuple[str, ...]
) -> None:
    before = (old.root / SETTINGS).read_text()
    assert upgrade(old, *arguments)[0] == 2
    assert (old.root / SETTINGS).read_text() == before


def test_a_repository_with_all_policies_of_its_own_is_not_pinned(tmp_path: Path) -> None:
    code, said = upgrade(Fleet.create(tmp_path), "--source", SOURCE, "--hash", HASH)
    assert code == 2 and "has all policies itself" in said


def test_a_fleet_without_a_pin_gets_one_and_then_nothing_changes(fleet: Fleet) -> None:
    fleet.write(SETTINGS, settings(None))
    git(fleet.root, "add", "--all")
    git(fleet.root, "commit", "--quiet", "--message=settings")
    commit = "git+https://git.example.com/ml/lockstep.git@" + "a" * 40
    assert upgrade(fleet, "--source", commit)[0] == 0
    assert upgrade(fleet)[0] == 0
    git(fleet.root, "commit", "--quiet", "--all", "--message=pin")
    fleet.edit(EU, "region: eu-west-1", "region: eu-west-1 # here")
    assert fleet.check() == (0, [])


def use_what_ships(world: World) -> None:
    """Leave the organisation alone of the policies, and pin the program."""
    organisation = (world.clone / ORGANISATION).read_text()
    world.git("rm", "-r", "--quiet", "policies", "templates")
    for path, text in ((ORGANISATION, organisation), (SETTINGS, "")):
        file = world.clone / path
        file.parent.mkdir(parents=True, exist_ok=True)
        pin = f"program: {{version: '0.1.0', source: {SOURCE}, hash: '{HASH}'}}\n"
        file.write_text(text or file.read_text() + pin)
    world.must("render")
    publish(world, "use what ships")


def services(world: World) -> list[str]:
    """The manifests of the Services at the remote, by their ids."""
    folders = [f"rendered/prod/clusters/scoring-{region}" for region in REGIONS]
    return [git(world.origin, "rev-parse", f"main:{each}/service.yaml") for each in folders]


@in_state(steady)
def test_a_rollout_goes_on_after_an_upgrade_and_a_revert_goes_back_across_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_what_ships(world)
    world.must("adopt", FAMILY, "--reason", "it serves", at=f"{DAY}07:00:00Z")
    before = services(world)
    roll(world, "08", "10")
    become_next_version(monkeypatch, stricter=False)
    assert advance(world, "12")[0] == 1
    at = ("--now", f"{DAY}12:00:00Z")
    code, said = world.lockstep("upgrade", "--hash", HASH[:-1] + "2", *at)
    assert code == 0, said
    assert "approval.program" in said
    publish(world, "upgrade")
    moved = live(world).traffic
    assert services(world) != before
    code, said = advance(world, "12")
    assert code == 0, said
    assert live(world).traffic != moved
    code, said = revert(world)
    assert code == 0, said
    assert live(world).everywhere == {"1": 100}
    assert services(world) == before
    assert world.lockstep("check", "--all")[0] == 0

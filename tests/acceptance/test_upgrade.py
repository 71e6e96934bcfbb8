"""``lockstep upgrade``: the pin, what rendering gives, and what the rules now find."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.fleets import EU, Fleet
from tests.acceptance.installed import NEW_RULE, NEXT, Installed
from tests.acceptance.reverts import live
from tests.acceptance.rollouts import DAY, publish
from tests.acceptance.test_pin import SETTINGS, SOURCE, settings
from tests.acceptance.test_shipped_policies import fleet as shipped_fleet
from tests.acceptance.world import FAMILY, REGIONS, World, copy_world, git

HASH = "sha256:" + "1" * 64
ORGANISATION = "policies/data/organisation.yaml"
THRESHOLDS = "policies/rules/min-replicas/thresholds.yaml"
WHEN = ["--now", "2026-06-01T08:00:00Z"]

fleet = shipped_fleet


@pytest.fixture
def old(fleet: Fleet) -> Fleet:
    """A fleet that is pinned to this version."""
    fleet.write(SETTINGS, "# Ours.\n" + settings("0.1.0") + "# The end.\n")
    git(fleet.root, "add", "--all")
    git(fleet.root, "commit", "--quiet", "--message=pin it")
    return fleet


def upgrade(fleet: Fleet, program: Installed, *arguments: str) -> tuple[int, str]:
    """Have the next version pin the fleet, whose manifests the version before has rendered."""
    return program.run("upgrade", *WHEN, *arguments, cwd=fleet.root)


def test_an_upgrade_is_the_pin_what_is_rendered_and_what_the_rules_find(
    old: Fleet, next_program: Installed
) -> None:
    assert next_program.run("check", cwd=old.root)[0] == 1
    code, said = upgrade(old, next_program, "--hash", HASH)
    assert code == 11
    assert f"pinned to Lockstep {NEXT} from {SOURCE}, {HASH}, not to Lockstep 0.1.0" in said
    assert f"1 new rule:\n  {NEW_RULE} (Not too many replicas): " in said
    assert "1 changed rule:\n  min-replicas (" in said
    assert "policy.min-replicas" in said and "approval.program" in said
    text = (old.root / SETTINGS).read_text()
    assert text.startswith("# Ours.\n") and text.endswith("# The end.\n")
    changed = git(old.root, "status", "--porcelain").split()[1::2]
    assert {path.split("/")[0] for path in changed} == {SETTINGS, "rendered"}
    assert any(path.endswith("PROVENANCE") for path in changed)


def test_an_upgrade_that_finds_nothing_is_one_change_to_approve(
    old: Fleet, next_program: Installed
) -> None:
    old.write(THRESHOLDS, "thresholds: {min_replicas: {production: 1}}\n")
    git(old.root, "add", "--all")
    git(old.root, "commit", "--quiet", "--message=our own number")
    code, said = upgrade(old, next_program, "--hash", HASH, "--format", "json")
    found = json.loads(said)["summary"]
    assert found["newRules"] == [NEW_RULE]
    assert (code, found["changedRules"], found["approvals"]) == (0, ["min-replicas"], 1)
    git(old.root, "commit", "--quiet", "--all", "--message=upgrade")
    assert next_program.run("check", "--all", *WHEN, cwd=old.root)[0] == 0
    assert invoke(["check", "--all", "--root", str(old.root), *WHEN])[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--hash", "sha256:12"),
        ("--source", "lockstep"),
        ("--source", "git+https://git.example.com/lockstep.git@main"),
        (),
    ],
)
def test_a_pin_that_names_no_program_exactly_is_refused(
    old: Fleet, next_program: Installed, arguments: tuple[str, ...]
) -> None:
    before = (old.root / SETTINGS).read_text()
    assert upgrade(old, next_program, *arguments)[0] == 2
    assert (old.root / SETTINGS).read_text() == before


def pin(fleet: Fleet, *arguments: str) -> tuple[int, str]:
    """Pin the fleet to the version that runs here."""
    return invoke(["upgrade", "--root", str(fleet.root), *WHEN, *arguments])


def test_a_repository_with_all_policies_of_its_own_is_not_pinned(tmp_path: Path) -> None:
    code, said = pin(Fleet.create(tmp_path), "--source", SOURCE, "--hash", HASH)
    assert code == 2 and "has all policies itself" in said


def test_a_fleet_without_a_pin_gets_one_and_then_nothing_changes(fleet: Fleet) -> None:
    fleet.write(SETTINGS, settings(None))
    git(fleet.root, "add", "--all")
    git(fleet.root, "commit", "--quiet", "--message=settings")
    commit = "git+https://git.example.com/ml/lockstep.git@" + "a" * 40
    assert pin(fleet, "--source", commit)[0] == 0
    assert pin(fleet)[0] == 0
    git(fleet.root, "commit", "--quiet", "--all", "--message=pin")
    fleet.edit(EU, "region: eu-west-1", "region: eu-west-1 # here")
    assert fleet.check() == (0, [])


def use_what_ships(world: World) -> None:
    """Leave the organisation and a number of our own of the policies, and pin the program."""
    organisation = (world.clone / ORGANISATION).read_text()
    world.git("rm", "-r", "--quiet", "policies", "templates")
    own = "thresholds: {min_replicas: {production: 1}}\n"
    for path, text in ((ORGANISATION, organisation), (THRESHOLDS, own), (SETTINGS, "")):
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


def by(program: Installed, world: World, *arguments: str, hour: str = "12") -> tuple[int, str]:
    """Run a command line of an installed program in the world's clone."""
    return program.run(*world.command(*arguments, at=f"{DAY}{hour}:00:00Z"), cwd=world.clone)


@dataclass(frozen=True)
class Upgraded:
    """A world in which the pin has changed in mid-rollout, and the Services before that rollout."""

    world: World
    services: list[str]


@pytest.fixture(scope="module")
def in_mid_rollout(
    template: World,
    first_program: Installed,
    next_program: Installed,
    tmp_path_factory: pytest.TempPathFactory,
) -> Upgraded:
    """The first version begins a rollout, then an upgrade pins the next one."""
    world = copy_world(template, tmp_path_factory.mktemp("upgraded") / "world")
    use_what_ships(world)
    world.must("adopt", FAMILY, "--reason", "it serves", at=f"{DAY}07:00:00Z")
    before = services(world)
    world.merge_proposal("2", at=f"{DAY}08:00:00Z")
    for hour in ("08", "10"):
        code, said = by(first_program, world, "advance", FAMILY, hour=hour)
        assert code == 0, said
    assert by(next_program, world, "advance", FAMILY)[0] == 1
    at = ("--now", f"{DAY}12:00:00Z")
    code, said = next_program.run("upgrade", "--hash", HASH[:-1] + "2", *at, cwd=world.clone)
    assert code == 0, said
    assert "approval.program" in said
    publish(world, "upgrade")
    assert services(world) != before
    return Upgraded(world, before)


@pytest.fixture
def upgraded(in_mid_rollout: Upgraded, tmp_path: Path) -> Upgraded:
    """The same for one test."""
    return replace(in_mid_rollout, world=copy_world(in_mid_rollout.world, tmp_path / "world"))


def test_a_rollout_goes_on_after_an_upgrade_and_a_revert_returns_to_before_it(
    upgraded: Upgraded, next_program: Installed
) -> None:
    world = upgraded.world
    moved = live(world).traffic
    code, said = by(next_program, world, "advance", FAMILY)
    assert code == 0, said
    assert live(world).traffic != moved
    code, said = by(next_program, world, "revert", FAMILY, "--reason", "bad", hour="13")
    assert code == 0, said
    assert live(world).everywhere == {"1": 100}
    assert services(world) == upgraded.services
    code, said = by(next_program, world, "check", "--all", hour="14")
    assert code == 0, said
    assert world.records()[-1]["spec"]["programVersion"] == NEXT


def test_the_version_before_moves_nothing_forward_after_an_upgrade_and_can_revert(
    upgraded: Upgraded, first_program: Installed
) -> None:
    world = upgraded.world
    code, said = by(first_program, world, "advance", FAMILY)
    assert code == 1 and f"the fleet is pinned to {NEXT}" in said
    code, said = by(first_program, world, "revert", FAMILY, "--reason", "bad", hour="13")
    assert code == 0, said
    assert live(world).everywhere == {"1": 100}
    assert services(world) == upgraded.services
    assert any(f"pinned to {NEXT}" in each for each in world.records()[-1]["spec"]["unchecked"])

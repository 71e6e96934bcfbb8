"""The pin of lockstep.yaml: another program checks nothing, moves nothing forward, can revert."""

from pathlib import Path

import pytest

from lockstep import __version__
from lockstep.cli import invoke
from tests.acceptance.fleets import FAMILY, Fleet, rules
from tests.acceptance.reverts import in_state, live, revert, rolling
from tests.acceptance.rollouts import advance, rewrite
from tests.acceptance.world import FAMILY as SCORING
from tests.acceptance.world import World, git

SOURCE = "https://pypi.example.com/simple"
SETTINGS = "lockstep.yaml"


def settings(version: str | None) -> str:
    pin = f"program: {{version: {version}, source: {SOURCE}, hash: 'sha256:{'0' * 64}'}}\n"
    start = "branch: main\nrepository: https://git.example.com/ml/fleet.git\n"
    return start + (pin if version else "")


def pinned(tmp_path: Path, version: str | None) -> Fleet:
    fleet = Fleet.create(tmp_path)
    fleet.write(SETTINGS, settings(version))
    git(fleet.root, "add", "--all")
    git(fleet.root, "commit", "--quiet", "--message=pin the program")
    return fleet


def test_the_pinned_program_checks_and_renders(tmp_path: Path) -> None:
    fleet = pinned(tmp_path, __version__)
    assert fleet.check("--all") == (0, [])


def test_another_program_checks_and_renders_nothing(tmp_path: Path) -> None:
    fleet = pinned(tmp_path, "99.1")
    code, said = invoke(["check", "--root", str(fleet.root)])
    assert code == 1
    assert f"this fleet is pinned to Lockstep 99.1, and this is {__version__}" in said
    assert SOURCE in said
    assert invoke(["render", "--root", str(fleet.root)])[0] == 1


@pytest.mark.parametrize("version", ["99.1", None])
def test_a_change_cannot_choose_the_program_that_it_is_checked_by(
    tmp_path: Path, version: str | None
) -> None:
    fleet = pinned(tmp_path, "98.1")
    fleet.write(SETTINGS, settings(version))
    assert invoke(["check", "--root", str(fleet.root)])[0] == 1


def test_an_upgrade_is_judged_by_the_new_program_and_has_to_be_approved(tmp_path: Path) -> None:
    fleet = pinned(tmp_path, "98.1")
    fleet.write(SETTINGS, settings(__version__))
    code, (found,) = fleet.check()
    assert (code, found["rule"], found["severity"]) == (0, "approval.program", "approval")
    assert f"Lockstep {__version__} from {SOURCE}" in found["message"]
    fleet.edit(FAMILY, "port: 8080", "port: 8081")
    code, findings = fleet.check()
    assert code == 10 and "settings.upgrade" in rules(findings)


def test_a_pin_that_is_removed_has_to_be_approved(tmp_path: Path) -> None:
    fleet = pinned(tmp_path, __version__)
    fleet.write(SETTINGS, settings(None))
    assert rules(fleet.check()[1]) == ["approval.program"]


@pytest.mark.parametrize(
    "pin",
    ["{version: 1.0, source: x}", "{version: '1.0 --pre', source: https://a.example.com}", "1"],
)
def test_a_pin_that_is_not_valid_is_a_finding(tmp_path: Path, pin: str) -> None:
    fleet = pinned(tmp_path, __version__)
    fleet.write(SETTINGS, settings(None) + f"program: {pin}\n")
    code, said = invoke(["check", "--root", str(fleet.root)])
    assert code != 0 and "Traceback" not in said


def pin_another(world: World) -> None:
    pin = f"program: {{version: '99.1', source: {SOURCE}}}\n"
    rewrite(world, SETTINGS, lambda text: text + pin)


@in_state(rolling)
def test_another_program_moves_nothing_forward(world: World) -> None:
    pin_another(world)
    code, said = advance(world, "14")
    assert code == 1 and "the fleet is pinned to 99.1" in said
    for verb in (["resume"], ["adopt"], ["release", SCORING, "3"]):
        name = verb[1:] or [SCORING]
        code, _ = world.lockstep(verb[0], *name, "--reason", "go on")
        assert code == 1, verb
    assert world.lockstep("propose", SCORING, "3")[0] != 0


@in_state(rolling)
def test_another_program_can_revert_and_the_record_says_so(world: World) -> None:
    pin_another(world)
    code, said = revert(world)
    assert code == 0, said
    assert live(world).everywhere == {"1": 100}
    newest = world.records()[-1]
    assert any("the fleet is pinned to 99.1" in each for each in newest["spec"]["unchecked"])


@in_state(rolling)
def test_a_failing_gate_rolls_back_whatever_the_program(world: World) -> None:
    pin_another(world)
    world.measure("2", 0.1, "2026-03-01T13:30:00+00:00")
    advance(world, "14")
    assert live(world).everywhere == {"1": 100}

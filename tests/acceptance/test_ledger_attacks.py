"""What a careless or hostile person may try with the ledger: it is found, before and after."""

import json
import shutil
import subprocess
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from lockstep import __version__
from lockstep.cli import invoke
from lockstep.commands.adopt import run as adopt
from lockstep.model.decision import Action, Decision, Phase, Position
from lockstep.model.record import read_record, write_record
from lockstep.model.times import parse_time
from lockstep.transactions.run import RunOptions
from tests.acceptance.reverts import began, in_state
from tests.acceptance.rollouts import (
    DAY,
    HEAD,
    advance,
    assert_restored,
    last_record,
    publish,
    roll,
    roll_back,
)
from tests.acceptance.world import FAMILY, World, git


@pytest.mark.parametrize(
    ("old", "new"),
    [("baked since", "cooked since"), ("A runner", "Another"), ('"value": 0.9', '"value": 0.95')],
)
def test_an_edit_of_the_newest_record_is_found_before_it_is_committed(
    world: World, old: str, new: str
) -> None:
    roll(world, "08", "10")
    path = last_record(world)
    path.write_text(path.read_text().replace(old, new))
    code, said = world.lockstep("audit", "--verify", "--replay")
    assert code == 13 and path.name in said
    code, said = world.lockstep("check")
    assert code == 10 and "ledger.rewritten" in said and path.name in said


def test_a_ledger_that_is_gone_does_not_verify(world: World) -> None:
    shutil.rmtree(world.clone / "ledger")
    assert world.lockstep("audit", "--verify")[0] == 13
    assert world.lockstep("check")[0] == 10
    publish(world)
    assert world.lockstep("audit", "--verify")[0] == 13


def test_a_family_does_not_take_its_records_along(world: World) -> None:
    roll(world, "08", version="3")
    roll_back(world, "09")
    records = world.records()
    world.git("switch", "--quiet", "-c", "pull")
    shutil.rmtree(world.clone / "clusters/prod/scoring")
    world.must("render")
    world.git("commit", "--quiet", "--all", "-m", "no scoring")
    world.must("check", "--base", "main")
    said = world.must("audit", FAMILY, "--verify", "--replay")
    assert "records is complete" in said
    assert "version 3" in world.must("audit", FAMILY), "its records are still shown"
    shutil.rmtree(world.clone / "ledger")
    world.git("commit", "--quiet", "--all", "-m", "and no record of what was in quarantine")
    code, said = world.lockstep("check", "--base", "main")
    assert code == 10 and said.count("ledger.rewritten") == len(records)


@pytest.mark.parametrize("head", ["scoring/family.yaml", "environment.yaml"])
@in_state(began)
def test_a_family_whose_head_is_malformed_can_be_audited_and_does_not_verify(
    world: World, head: str
) -> None:
    (world.clone / "clusters/prod" / head).write_text("spec: [")
    assert "version 2" in world.must("audit", FAMILY)
    world.must("audit", FAMILY, "--replay")
    code, said = world.lockstep("audit", "--verify")
    assert code == 13 and f"{head}:1:8" in said and "diverged" not in said


@in_state(began)
def test_a_record_that_a_merge_has_changed_does_not_verify(world: World) -> None:
    world.git("switch", "--quiet", "-c", "side", "HEAD~1")
    world.git("commit", "--quiet", "--allow-empty", "-m", "on the side")
    world.git("switch", "--quiet", "main")
    world.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    path = last_record(world)
    path.write_text(path.read_text().replace("A runner", "Another"))
    publish(world, "merge")
    code, said = world.lockstep("audit", "--verify")
    assert code == 13 and "ledger.rewritten" in said and path.name in said


def test_a_proposal_that_was_merged_too_late_leaves_the_ledger_whole(world: World) -> None:
    roll(world, "08", version="3")
    roll_back(world, "09")
    branch = world.propose(at=f"{DAY}10:00:00Z")
    world.must("release", FAMILY, "3", "--reason", "fine", at=f"{DAY}11:00:00Z")
    merged = subprocess.run(
        ["git", "merge", branch],
        cwd=world.clone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert merged.returncode != 0 and "ledger/prod/scoring/000006.json" in merged.stdout
    world.git("checkout", "--ours", "--", "ledger")
    publish(world, "resolved by hand")
    code, said = advance(world, "12")
    assert code == 12 and "diverged" in said
    code, said = world.lockstep("audit", "--verify")
    assert code == 13 and "ledger." not in said, "the records are those of main"


def test_a_squashed_proposal_is_one_like_any_other(world: World) -> None:
    world.git("merge", "--quiet", "--squash", world.propose())
    publish(world, "version 2")
    assert advance(world, "08")[0] == 0
    roll_back(world, "09")
    assert_restored(world)
    assert world.lockstep("audit", "--verify", "--replay")[0] == 0


def test_a_shallow_clone_says_that_it_cannot_see_whether_records_were_changed(
    world: World,
) -> None:
    git(world.folder, "clone", "--quiet", "--depth=1", f"file://{world.origin}", "shallow")
    code, said = world.lockstep("audit", "--verify", root=world.folder / "shallow")
    assert code == 13 and "git fetch --unshallow" in said


def early(decision: Decision) -> Decision:
    return replace(decision, decided_at="2026-03-01T08:10:00Z")


def without_gates(decision: Decision) -> Decision:
    return replace(decision, evidence=(), verdict=None)


def skipping(decision: Decision) -> Decision:
    return replace(decision, to=Position(Phase.ROLLING, 1, 0))


def another_version(decision: Decision) -> Decision:
    return replace(decision, target=replace(decision.target, version="3"))


def other_weights(decision: Decision) -> Decision:
    gone = {name: each[:1] for name, each in decision.variants.items()}
    return replace(decision, variants=gone)


def without_sense(decision: Decision) -> Decision:
    return replace(decision, plan={"waves": 3, "steps": [{"weight": "x", "bake": "9" * 5000}]})


def verified_at_once(decision: Decision) -> Decision:
    return replace(decision, action=Action.VERIFY, to=Position(Phase.STEADY))


@pytest.mark.parametrize(
    "forge",
    [early, without_gates, skipping, another_version, other_weights, verified_at_once,
     without_sense],
)  # fmt: skip
def test_a_forged_step_is_refused_on_the_pull_request_and_found_by_an_audit(
    world: World, forge: Callable[[Decision], Decision]
) -> None:
    roll(world, "08", "10")
    path = last_record(world)
    record = read_record(path.read_bytes())
    world.git("reset", "--quiet", "--soft", "HEAD~1")
    path.write_bytes(write_record(forge(record.decision)))
    # Against what was published this is a conflict; here it is as on a branch from before it.
    code, said = world.lockstep("check", "--base", "HEAD")
    assert code == 10 and "replay." in said and path.name in said
    world.git("commit", "--quiet", "--all", "-m", "forged")
    code, said = world.lockstep("audit", "--replay")
    assert code == 13 and path.name in said


@in_state(began)
def test_a_record_that_starts_where_no_record_led_breaks_the_chain(world: World) -> None:
    path = last_record(world)
    decision = read_record(path.read_bytes()).decision
    path.write_bytes(write_record(replace(decision, source=Position(Phase.STEADY))))
    code, said = world.lockstep("check")
    assert code == 10 and "ledger.position" in said


def test_a_caller_that_does_not_say_where_its_time_is_from_has_given_it(world: World) -> None:
    options = RunOptions(world.clone, parse_time(f"{DAY}10:00:00Z"))
    assert adopt(options, FAMILY, "a library call").exit_code == 0
    assert world.records()[-1]["spec"]["timeGiven"] is True


def test_a_time_that_was_given_is_in_the_record_and_shown_by_audit(world: World) -> None:
    adopted = world.records()[0]["spec"]
    assert adopted["timeGiven"] is True and adopted["programVersion"] == __version__
    world.edit(HEAD, "bake: 1h", "bake: 2h")
    arguments = ["adopt", FAMILY, "--reason", "by this machine's clock", "--root", str(world.clone)]
    code, said = invoke(arguments)
    assert code == 0, said
    assert "timeGiven" not in world.records()[-1]["spec"]
    own, given = json.loads(world.must("audit", "--format", "json"))["items"]
    assert (given["timeGiven"], own["timeGiven"]) == (True, False)
    assert given["programVersion"] == own["programVersion"] == __version__
    said = world.must("audit")
    assert said.count(f"with: Lockstep {__version__}; its time was given by --now") == 1

"""Moves, quarantines and times that a pull request brings by records made by hand."""

from typing import Any

import pytest

from lockstep.model.decision import Action, Phase, Position, Target
from lockstep.model.record import read_record
from tests.acceptance.forgeries import (
    add,
    newest,
    refused,
    state_here,
)
from tests.acceptance.reverts import began, in_state, proposed, steady
from tests.acceptance.rollouts import (
    DAY,
    EU,
    US,
    advance,
    last_record,
    publish,
    roll,
    roll_back,
)
from tests.acceptance.world import FAMILY, World


def rolled_back(world: World) -> None:
    """Version 2 was rolled back, and is in quarantine."""
    roll(world, "08")
    roll_back(world, "09")


@in_state(rolled_back)
def test_release_and_adoption_of_one_version_do_not_come_together(world: World) -> None:
    world.git("switch", "--quiet", "--create", "both")
    for path in (US, EU):
        file = world.clone / path
        file.write_text(file.read_text().replace('version: "1"', 'version: "2"'))
    world.must("lock", FAMILY, "2")
    world.must("render")
    record = read_record(last_record(world).read_bytes()).decision
    bad = record.target
    add(world, action=Action.RELEASE, to=Position(Phase.STEADY), target=bad)
    (world.clone / f"clusters/{FAMILY}/quarantine.yaml").unlink()
    state = state_here(world)
    after = {name: [{**each[0], "version": "2"}] for name, each in record.variants.items()}
    add(world, action=Action.ADOPT, to=Position(Phase.STEADY), target=bad, variants=after,
        verified_state=state)  # fmt: skip
    said = refused(world, "ledger.pull-request", "one decision of a family")
    first, second = said.splitlines()[0], said.index("approval.adopt")
    assert "approval.release" in said and "approval" in first and second < said.index("ledger.p")


@in_state(steady)
def test_a_rollout_that_was_made_offline_does_not_come_by_a_pull_request(world: World) -> None:
    """In a clone without the remote, each step hours later by --now."""
    origin = world.git("remote", "get-url", "origin")
    world.git("remote", "remove", "origin")
    world.must("propose", FAMILY, "2", "--branch", "candidate", at=f"{DAY}08:00:00Z")
    world.git("merge", "--quiet", "--no-edit", "candidate")
    for hour in ("08", "10", "12"):
        world.must("advance", FAMILY, at=f"{DAY}{hour}:00:00Z")
    world.git("remote", "add", "origin", origin)
    world.git("fetch", "--quiet", "origin")
    world.git("branch", "--quiet", "--move", "offline")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 10, said
    assert said.count("never by a pull request") == 3 and "one decision of a family" in said


@in_state(proposed)
def test_a_branch_does_not_name_itself_as_the_followed_one(world: World) -> None:
    """The base's lockstep.yaml says which branch that is, and not the one of the change."""
    world.git("switch", "--quiet", "--create", "mine")
    settings = world.clone / "lockstep.yaml"
    settings.write_text(settings.read_text().replace("main", "mine"))
    variants = newest(world).variants
    moved = {name: [{**a, "weight": 90}, {**b, "weight": 10}] for name, (a, b) in variants.items()}
    add(world, action=Action.ADVANCE, to=Position(Phase.ROLLING, 0, 0), variants=moved)
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "mine")
    world.git("push", "--quiet", "origin", "mine")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 10 and "never by a pull request" in said


@in_state(began)
@pytest.mark.parametrize("action", [Action.ADVANCE, Action.VERIFY, Action.RESUME])
def test_no_move_forward_comes_by_a_pull_request(world: World, action: Action) -> None:
    add(world, action=action, to=Position(Phase.ROLLING, 0, 1))
    refused(world, f"{action} is made on the followed branch")


@in_state(began)
def test_a_hold_comes_by_a_pull_request(world: World) -> None:
    said = world.must("hold", FAMILY, "--reason", "x", "--branch", "hold", at=f"{DAY}09:00:00Z")
    assert "hold" in said
    world.git("fetch", "--quiet", "origin")
    world.git("switch", "--quiet", "hold")
    world.must("check", "--base", "origin/main")


@in_state(began)
def test_a_record_from_the_future_is_refused(world: World) -> None:
    held = Position(Phase.HELD, 0, 0)
    add(world, action=Action.HOLD, to=held, decided_at="2999-01-01T00:00:00Z")
    refused(world, "ledger.time", "in the future")


@in_state(began)
def test_a_record_is_from_the_future_until_five_minutes_before_it(world: World) -> None:
    """Also where the outcome of the same hour is in the cache."""
    add(world, action=Action.HOLD, to=Position(Phase.HELD, 0, 0), decided_at=f"{DAY}23:40:00Z")
    refused(world, "ledger.time")
    for at, expected in (("23:36:00Z", 0), ("23:34:00Z", 10)):
        code, said = world.lockstep("check", "--base", "origin/main", at=f"{DAY}{at}")
        assert code == expected, said


@in_state(began)
def test_a_record_before_the_one_that_it_follows_is_refused(world: World) -> None:
    add(
        world, action=Action.RELEASE, to=newest(world).to, decided_at="2026-02-01T00:00:00Z",
    )  # fmt: skip
    refused(world, "ledger.time", "before record 3")


@in_state(began)
def test_a_hold_of_the_year_2999_stops_no_rollback_and_can_be_settled(world: World) -> None:
    world.must("hold", FAMILY, "--reason", "x", at="2999-01-01T00:00:00Z")
    for verb in (("resume", FAMILY, "--reason", "x"), ("advance", FAMILY)):
        code, said = world.lockstep(*verb, at=f"{DAY}10:00:00Z")
        assert code == 12 and "future" in said and "lockstep adopt" in said, said
    roll_back(world, "10")
    code, said = world.lockstep("check", at=f"{DAY}10:10:00Z")
    assert code == 0, said
    world.must("adopt", FAMILY, "--reason", "the clock was wrong", at=f"{DAY}11:00:00Z")
    assert list(world.records()[-1]["spec"]["brokenRecords"]) == [f"ledger/{FAMILY}/000004.json"]
    world.must("check", at=f"{DAY}11:10:00Z")
    world.must("audit", "--verify", "--replay")
    world.merge_proposal("3", at=f"{DAY}12:00:00Z")
    assert advance(world, "12")[0] == 0


@in_state(steady)
def test_a_base_without_lockstep_yaml_is_no_way_around(world: World) -> None:
    world.git("rm", "--quiet", "lockstep.yaml")
    publish(world, "no settings")
    world.git("switch", "--quiet", "--create", "pull-2")
    variants = newest(world).variants
    add(world, action=Action.ADVANCE, to=Position(Phase.ROLLING, 0, 0), variants=variants)
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "mine")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 10 and "never by a pull request" in said


@in_state(began)
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"target": Target("3", f"sha256:{'3' * 64}")}, "the rollout is not about version 3"),
        ({"to": Position(Phase.HELD, 1, 0)}, "does not come after"),
        ({"to": Position(Phase.STEADY)}, "cannot lead from"),
        ({"reason": " "}, "hold needs a reason"),
        ({"variants": "of the first record"}, "which does not follow from what it had"),
        ({"quarantines": True, "verified_state": "of the first record"}, "no verified state"),
    ],
)
def test_a_hold_by_hand_holds_the_running_rollout_as_it_is(
    world: World, fields: dict[str, Any], words: str
) -> None:
    first = read_record(sorted(last_record(world).parent.glob("*.json"))[0].read_bytes()).decision
    given = {
        name: getattr(first, name) if value == "of the first record" else value
        for name, value in fields.items()
    }
    add(world, **{"action": Action.HOLD, "to": Position(Phase.HELD, 0, 0), **given})
    refused(world, words)


@in_state(began)
def test_no_waiver_silences_what_is_wrong_with_a_record(world: World) -> None:
    """Neither one on the base: these findings are of no rule that has an owner."""
    rules = ("ledger.pull-request", "ledger.claim", "ledger.time", "replay.move", "replay.action")
    entries = "".join(
        f"    - {{rule: {rule}, scope: {{family: scoring}}, owner: credit-ml@example.com, reason: "
        f"a test of waivers, ticket: CAP-7, expires: '2026-04-01'}}\n"
        for rule in rules
    )
    waivers = world.clone / "policies/data/waivers"
    waivers.mkdir(parents=True, exist_ok=True)
    head = "apiVersion: lockstep.dev/v1alpha1\nkind: Waivers\nmetadata: {name: ledger}\n"
    (waivers / "ledger.yaml").write_text(f"{head}spec:\n  waivers:\n{entries}")
    publish(world, "waivers")
    add(world, action=Action.ADVANCE, to=Position(Phase.ROLLING, 0, 1),
        decided_at="2999-01-01T00:00:00Z")  # fmt: skip
    said = refused(world, "ledger.pull-request", "ledger.time", "replay.")
    assert "suppressed" not in said


@in_state(began)
def test_the_audit_reports_records_of_the_future(world: World) -> None:
    world.must("hold", FAMILY, "--reason", "x", at="2999-01-01T00:00:00Z")
    code, said = world.lockstep("audit", "--verify")
    assert code == 13 and "ledger.time" in said and "000004.json" in said
    world.must("audit", "--verify", at="2999-01-01T00:00:00Z")
    roll_back(world, "10")
    world.must("adopt", FAMILY, "--reason", "the clock was wrong", at=f"{DAY}11:00:00Z")
    world.must("audit", "--verify")

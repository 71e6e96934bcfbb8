"""A ledger that was tampered with: nothing moves forward, everything can be rolled back.

An adoption names the broken records; from it on the history is checked again.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.record import read_record, write_record
from tests.acceptance.reverts import began, in_state
from tests.acceptance.rollouts import (
    DAY,
    advance,
    assert_restored,
    last_record,
    publish,
    rewrite,
    roll,
    roll_back,
)
from tests.acceptance.world import FAMILY, World, git, identify


def path_of(world: World, number: int) -> Path:
    return world.clone / "ledger" / FAMILY / f"{number:06d}.json"


def removed(world: World) -> int:
    path_of(world, 3).unlink()
    return 3


def removed_before_the_newest(world: World) -> int:
    path_of(world, 2).unlink()
    return 2


def rewritten(world: World) -> int:
    path = path_of(world, 3)
    path.write_text(path.read_text().replace("A runner", "Another"))
    return 3


def rewritten_before_the_newest(world: World) -> int:
    path = path_of(world, 2)
    path.write_text(path.read_text().replace("A runner", "Another"))
    return 2


def with_another_id(world: World) -> int:
    path = path_of(world, 3)
    path.write_text(path.read_text().replace('"action": "advance"', '"action": "verify"'))
    return 3


def unreadable(world: World) -> int:
    path = path_of(world, 3)
    path.write_bytes(b"<<<<<<< HEAD\n" + path.read_bytes() + b"=======\n>>>>>>> side\n")
    return 3


def forged(world: World) -> int:
    """A verified state that no rollout has led to, after the newest record."""
    decision = read_record(path_of(world, 3).read_bytes()).decision
    first = read_record(path_of(world, 1).read_bytes()).decision
    made = replace(
        decision, sequence=4, action=Action.VERIFY, source=Position(Phase.STEADY),
        to=Position(Phase.STEADY), verified_state=first.verified_state,
    )  # fmt: skip
    path_of(world, 4).write_bytes(write_record(made))
    return 4


def after_a_gap(world: World) -> int:
    decision = read_record(path_of(world, 3).read_bytes()).decision
    path_of(world, 9).write_bytes(write_record(replace(decision, sequence=9)))
    return 9


TAMPERED = [
    removed, removed_before_the_newest, rewritten, rewritten_before_the_newest, with_another_id,
    unreadable, forged, after_a_gap,
]  # fmt: skip


def refused(world: World, *arguments: str, at: str) -> str:
    code, said = world.lockstep(*arguments, at=at)
    assert code == 12, said
    assert "broken records" in said and f"lockstep adopt {FAMILY} --reason" in said
    return said


@pytest.mark.parametrize("tamper", TAMPERED)
@in_state(began)
def test_a_tampered_ledger_stops_what_moves_forward_and_an_adoption_settles_it(
    world: World, tamper: Callable[[World], int]
) -> None:
    name = path_of(world, tamper(world)).name
    publish(world, "tampered")
    head = world.git("rev-parse", "HEAD")
    for arguments in (("advance", FAMILY), ("propose", FAMILY, "3"),
                      ("resume", FAMILY, "--reason", "x"),
                      ("release", FAMILY, "3", "--reason", "x")):  # fmt: skip
        assert name in refused(world, *arguments, at=f"{DAY}10:00:00Z")
    assert world.git("rev-parse", "HEAD") == head
    world.must("hold", FAMILY, "--reason", "what happened here?", at=f"{DAY}10:10:00Z")
    assert name in refused(world, "advance", FAMILY, at=f"{DAY}10:30:00Z")
    roll_back(world, "11")
    assert_restored(world)
    assert name in refused(world, "propose", FAMILY, "3", at=f"{DAY}11:30:00Z")
    code, said = world.lockstep("audit", "--verify")
    assert code == 13 and "ledger." in said

    world.must("adopt", FAMILY, "--reason", "seen, and settled", at=f"{DAY}12:00:00Z")
    assert any(path.endswith(name) for path in newest(world.clone)["brokenRecords"])
    assert "without the broken record" in world.must("audit")
    said = " ".join(world.must("audit", "--verify", "--replay").split())
    assert "named as broken by an adoption; else all right (chain," in said
    world.must("check", at=f"{DAY}12:10:00Z")
    roll(world, "13", "15", version="3")
    world.must("audit", "--verify", "--replay")
    world.must("check", at=f"{DAY}15:10:00Z")


@pytest.mark.parametrize("tamper", [removed, rewritten, unreadable, forged])
@in_state(began)
def test_what_is_tampered_with_after_the_adoption_is_found(
    world: World, tamper: Callable[[World], int]
) -> None:
    broken = path_of(world, tamper(world))
    publish(world, "tampered")
    roll_back(world, "11")
    whole = last_record(world)
    world.must("adopt", FAMILY, "--reason", "settled", at=f"{DAY}12:00:00Z")
    adoption = last_record(world)
    for path in (whole, broken, adoption):
        before = path.read_bytes() if path.exists() else None
        rewrite(world, str(path.relative_to(world.clone)), lambda text: text + " ")
        code, said = world.lockstep("audit", "--verify")
        assert code == 13 and path.name in said
        assert path.name in refused(world, "propose", FAMILY, "3", at=f"{DAY}13:00:00Z")
        path.unlink() if before is None else path.write_bytes(before)
        publish(world, "restored")
        world.must("audit", "--verify")


@in_state(began)
def test_a_record_that_is_restored_from_git_is_whole_again(world: World) -> None:
    path = path_of(world, 3)
    kept = path.read_bytes()
    removed(world)
    publish(world)
    refused(world, "advance", FAMILY, at=f"{DAY}10:00:00Z")
    code, said = world.lockstep("status", at=f"{DAY}10:00:00Z")
    assert code == 10 and "BROKEN" in said
    path.write_bytes(b"another")
    publish(world, "and edited")
    path.write_bytes(kept)
    world.must("check", at=f"{DAY}10:00:00Z")
    publish(world, "restored")
    world.must("check", at=f"{DAY}10:00:00Z")
    world.must("audit", "--verify", "--replay")
    assert advance(world, "10")[0] == 0


@in_state(began)
def test_a_forged_verified_state_is_not_returned_to(world: World) -> None:
    forged(world)
    publish(world, "forged")
    roll_back(world, "10")
    assert_restored(world)
    restored = world.records()[-1]["spec"]
    assert restored["restored"]["sequence"] == 1
    assert list(restored["brokenRecords"]) == [f"ledger/{FAMILY}/000004.json"]


@in_state(began)
def test_a_rollback_says_that_the_record_of_its_only_verified_state_is_broken(
    world: World,
) -> None:
    path = path_of(world, 1)
    kept = path.read_bytes()
    path.write_text(path.read_text().replace("the state", "some state"))
    publish(world, "tampered")
    said = roll_back(world, "10", code=12)
    assert "000001.json" in said and "restore them from git" in said
    path.write_bytes(kept)
    publish(world, "restored")
    roll_back(world, "11")
    assert_restored(world)


@in_state(began)
def test_a_tampered_ledger_of_one_family_stops_no_check_of_a_rollback(world: World) -> None:
    """The rules are evaluated on the result all the same."""
    rewritten_before_the_newest(world)
    publish(world)
    roll_back(world, "10")
    assert "unchecked" not in world.records()[-1]["spec"]


def test_a_removed_ledger_stops_proposals_until_it_is_adopted(world: World) -> None:
    path_of(world, 1).unlink()
    publish(world)
    assert "000001.json" in refused(world, "propose", FAMILY, "2", at=f"{DAY}09:00:00Z")
    assert "000001.json" in refused(world, "advance", FAMILY, at=f"{DAY}09:00:00Z")
    world.must("adopt", FAMILY, "--reason", "settled")
    assert last_record(world).name == "000002.json", "no number is used twice"
    world.must("audit", "--verify", "--replay")
    roll(world, "10")


@in_state(began)
def test_an_adoption_cannot_settle_an_edit_of_its_own_pull_request(world: World) -> None:
    roll_back(world, "09")
    world.git("switch", "--quiet", "-c", "pull")
    path = path_of(world, 1)
    path.write_text(path.read_text().replace("the state", "some state"))
    world.git("commit", "--quiet", "--all", "-m", "tampered")
    record = read_record(last_record(world).read_bytes())
    adoption = replace(
        record.decision, sequence=record.decision.sequence + 1, previous=record.digest,
        action=Action.ADOPT, source=record.decision.to, restored=None, evidence=(), verdict=None,
        verified_state=read_record(path.read_bytes()).decision.verified_state, quarantines=False,
        broken_records={f"ledger/{FAMILY}/000001.json": read_record(path.read_bytes()).digest},
    )  # fmt: skip
    path_of(world, adoption.sequence).write_bytes(write_record(adoption))
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "adopted")
    code, said = world.lockstep("check", "--base", "main", at=f"{DAY}10:00:00Z")
    assert code == 10 and "ledger.rewritten" in said and "ledger.settled" in said
    world.git("switch", "--quiet", "main")
    assert world.lockstep("check", at=f"{DAY}10:00:00Z")[0] == 0


@in_state(began)
def test_an_adoption_of_what_a_commit_has_changed_passes_the_check_of_its_own_commit(
    world: World,
) -> None:
    roll_back(world, "09")
    path = last_record(world)
    path.write_text(path.read_text().replace("A runner", "Another"))
    publish(world, "only git shows this")
    world.must("check", "--base", "HEAD", at=f"{DAY}10:00:00Z")
    world.must("adopt", FAMILY, "--reason", "settled", at=f"{DAY}10:00:00Z")
    world.must("check", "--base", "HEAD^1", at=f"{DAY}10:10:00Z")


def test_a_quarantine_outlives_the_record_that_was_tampered_with(world: World) -> None:
    roll(world, "08", version="3")
    roll_back(world, "09")
    path = path_of(world, 4)
    assert json.loads(path.read_text())["spec"]["quarantines"] is True
    path.write_text(path.read_text().replace("A runner", "Another"))
    publish(world, "tampered")
    (world.clone / f"clusters/{FAMILY}/quarantine.yaml").unlink()
    publish(world, "and released")
    world.must("adopt", FAMILY, "--reason", "settled", at=f"{DAY}10:00:00Z")
    code, said = world.lockstep("propose", FAMILY, "3", at=f"{DAY}11:00:00Z")
    assert code == 11 and "quarantine" in said


def shallow_clone(world: World, *options: str) -> Path:
    git(world.folder, "clone", "--quiet", "--depth=1", *options, world.origin.as_uri(), "shallow")
    identify(world.folder / "shallow")
    return world.folder / "shallow"


def newest(clone: Path) -> Any:
    return json.loads(sorted((clone / "ledger" / FAMILY).glob("*.json"))[-1].read_text())["spec"]


@in_state(began)
def test_a_shallow_clone_moves_nothing_forward_and_rolls_back(world: World) -> None:
    clone = shallow_clone(world)
    head = git(clone, "rev-parse", "HEAD")
    for arguments in (("advance", FAMILY), ("adopt", FAMILY, "--reason", "x")):
        code, said = world.lockstep(*arguments, at=f"{DAY}10:00:00Z", root=clone)
        assert code == 1 and "fetch-depth: 0" in said
        assert "git cannot show whether a record of the ledger was changed: this clone is" in said
    assert git(clone, "rev-parse", "HEAD") == head
    code, said = world.lockstep("hold", FAMILY, "--reason", "x", at=f"{DAY}10:00:00Z", root=clone)
    assert code == 0, said
    code, said = world.lockstep("resume", FAMILY, "--reason", "x", at=f"{DAY}10:10:00Z", root=clone)
    assert code == 1 and "fetch-depth: 0" in said
    code, said = world.lockstep(
        "revert", FAMILY, "--reason", "bad", at=f"{DAY}11:00:00Z", root=clone
    )
    assert code == 0 and "history: this clone is shallow" in said
    assert "history: this clone is shallow" in newest(clone)["unchecked"]
    for forward in (["propose", FAMILY, "3"], ["release", FAMILY, "2", "--reason", "x"]):
        code, said = world.lockstep(*forward, at=f"{DAY}12:00:00Z", root=clone)
        assert code == 1 and "fetch-depth: 0" in said
    world.git("pull", "--quiet")
    assert_restored(world)
    world.must("audit", "--verify", "--replay")


@in_state(began)
def test_advance_rolls_back_from_a_shallow_clone(world: World) -> None:
    world.measure("2", 0.1, f"{DAY}09:00:00+00:00")
    clone = shallow_clone(world)
    code, said = world.lockstep("advance", FAMILY, at=f"{DAY}09:10:00Z", root=clone)
    assert code == 12 and "history: this clone is shallow" in said
    assert "history: this clone is shallow" in newest(clone)["unchecked"]
    world.git("pull", "--quiet")
    assert_restored(world)


@in_state(began)
def test_a_broken_chain_is_seen_from_a_shallow_clone_and_rolled_back(world: World) -> None:
    forged(world)
    publish(world)
    clone = shallow_clone(world)
    refused_code, said = world.lockstep("advance", FAMILY, at=f"{DAY}10:00:00Z", root=clone)
    assert refused_code == 12 and "000004.json" in said
    code, said = world.lockstep(
        "revert", FAMILY, "--reason", "bad", at=f"{DAY}11:00:00Z", root=clone
    )
    assert code == 0, said
    world.git("pull", "--quiet")
    assert_restored(world)


@in_state(began)
def test_a_rollback_is_made_from_a_detached_head_of_a_shallow_clone(world: World) -> None:
    clone = shallow_clone(world)
    git(clone, "checkout", "--quiet", "--detach")
    code, said = world.lockstep(
        "revert", FAMILY, "--reason", "bad", at=f"{DAY}11:00:00Z", root=clone
    )
    assert code == 0 and "history: this clone is shallow" in said
    world.git("pull", "--quiet")
    assert_restored(world)
    assert "history: this clone is shallow" in newest(world.clone)["unchecked"]

"""What a record claims is checked on the result of the merge that brings it."""

import json
import shutil
from collections.abc import Callable

import pytest
from msgspec import structs

from lockstep.model.decision import Action, Phase, Position, Restored, Target
from lockstep.model.record import read_record, write_record
from tests.acceptance.forgeries import (
    FOLDER,
    add,
    newest,
    readopt,
    refused,
    state_here,
    state_with,
    stored,
)
from tests.acceptance.reverts import in_state, steady
from tests.acceptance.rollouts import (
    EU,
    LOCK,
    last_record,
    publish,
)
from tests.acceptance.world import FAMILY, World

Forge = Callable[[World], object]


def of_another_family(world: World) -> None:
    made = structs.replace(newest(world), family="ghost")
    path = world.clone / made.path
    path.parent.mkdir()
    path.write_bytes(write_record(made))


def variants_that_no_spec_has(world: World) -> None:
    variants = {n: [{**each[0], "version": "3"}] for n, each in newest(world).variants.items()}
    readopt(world, variants=variants, verified_state=state_here(world))


def another_digest(world: World) -> None:
    target = Target("1", f"sha256:{'0' * 64}")
    readopt(world, target=target, verified_state=state_here(world))


def a_version_without_a_lock(world: World) -> None:
    readopt(world, target=Target("9", f"sha256:{'9' * 64}"), verified_state=state_here(world))


def without_a_state(world: World) -> None:
    readopt(world, verified_state=None)


def a_spec_of_elsewhere(world: World) -> None:
    stored(world, {"eu.yaml": (world.clone / EU).read_bytes() + b"# mine\n"})
    blob = world.git("hash-object", "docs/notes/eu.yaml")
    readopt(world, verified_state=state_with(world, files={EU: blob}))


def the_environments_file(world: World) -> None:
    path = "clusters/prod/environment.yaml"
    blob = world.git("rev-parse", f"HEAD:{path}")
    readopt(world, verified_state=state_with(world, files={path: blob}))


def a_folder_of_another_cluster(world: World) -> None:
    tree = world.git("rev-parse", f"HEAD:{FOLDER}")
    readopt(world, verified_state=state_with(world, folders={"rendered/prod/clusters/x": tree}))


def with_a_release(world: World) -> None:
    add(
        world,
        action=Action.RELEASE,
        to=Position(Phase.STEADY),
        target=Target("3", f"sha256:{'3' * 64}"),
    )


def a_shift_to_nothing(world: World) -> None:
    add(world, action=Action.SHIFT, to=Position(Phase.SHIFTED), quarantines=True)


def a_restore_of_a_record_that_is_not_there(world: World) -> None:
    add(world, action=Action.RESTORE, to=Position(Phase.STEADY), restored=Restored(7, exact=True))


def a_proposal_without_its_candidate(world: World) -> None:
    world.must("lock", FAMILY, "2")
    lock = (world.clone / LOCK.replace("1.yaml", "2.yaml")).read_text()
    digest = f"sha256:{lock.split('digest: ', 1)[1].split('sha256:', 1)[1][:64]}"
    after = {
        name: [*each, {"name": "candidate", "version": "2", "weight": 0}]
        for name, each in newest(world).variants.items()
    }
    add(world, action=Action.PROPOSE, to=Position(Phase.PROPOSED), target=Target("2", digest),
        variants=after)  # fmt: skip


def a_gap(world: World) -> None:
    path = readopt(world, verified_state=state_here(world))
    moved = structs.replace(read_record(path.read_bytes()).decision, sequence=5)
    path.unlink()
    (world.clone / moved.path).write_bytes(write_record(moved))


def in_other_letters(world: World) -> None:
    path = last_record(world)
    shutil.copy(path, path.with_name("000002.JSON"))


def edited(world: World) -> None:
    path = last_record(world)
    path.write_text(path.read_text().replace("before Lockstep", "before Lockstep came"))


def deleted(world: World) -> None:
    last_record(world).unlink()


def twice(world: World) -> None:
    readopt(world, verified_state=state_here(world))
    readopt(world, verified_state=state_here(world))


@in_state(steady)
@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (of_another_family, "a family that does not exist"),
        (variants_that_no_spec_has, "its variants are not those of the specs"),
        (another_digest, "a digest that no lock of the family has"),
        (a_version_without_a_lock, "a digest that no lock of the family has"),
        (without_a_state, "no state that a rollback can return to"),
        (a_spec_of_elsewhere, f"not the one of this change: {EU}"),
        (the_environments_file, "not the one of this change: clusters/prod/environment.yaml"),
        (a_folder_of_another_cluster, "not the one of this change: rendered/prod/clusters/x"),
        (with_a_release, "a version that is in quarantine here"),
        (a_shift_to_nothing, "does not shift the traffic as lockstep revert does"),
        (a_restore_of_a_record_that_is_not_there, "record 7, which the base does not have"),
        (a_proposal_without_its_candidate, "its variants are not those of the specs"),
        (a_gap, "ledger.gap"),
        (in_other_letters, "ledger.place"),
        (edited, "ledger.rewritten"),
        (deleted, "ledger.rewritten"),
        (twice, "one decision of a family"),
    ],
)
def test_what_a_record_claims_is_checked_where_it_comes(
    world: World, forge: Forge, words: str
) -> None:
    forge(world)
    refused(world, words)


@in_state(steady)
def test_an_honest_adoption_is_listed_first_for_approval_and_passes(world: World) -> None:
    world.git("switch", "--quiet", "--create", "region")
    file = world.clone / EU
    file.write_text(file.read_text().replace("variants:", "serving: {replicas: 7}\n  variants:"))
    world.must("render")
    world.git("commit", "--quiet", "--all", "-m", "more replicas")
    world.git("push", "--quiet", "origin", "region")
    world.must("adopt", FAMILY, "--reason", "more replicas", "--branch", "region")
    world.git("pull", "--quiet", "origin", "region")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 0, said
    assert said.startswith(f"ledger/{FAMILY}/000002.json:1:1: approval approval.adopt: ")
    assert "1 change to approve" in said and "reason given: more replicas" in said
    report = json.loads(world.must("check", "--base", "origin/main", "--format", "json"))
    assert report["summary"]["approvals"] == 1 and report["findings"][0]["severity"] == "approval"
    # A squash, and an edit of the environment in between, change nothing of what it claims.
    world.git("switch", "--quiet", "main")
    environment = world.clone / "clusters/prod/environment.yaml"
    environment.write_text(environment.read_text() + "# a comment\n")
    publish(world, "in between")
    world.git("merge", "--quiet", "--squash", "region")
    publish(world, "squashed")
    said = world.must("check")
    assert "approval" not in said, "it is on the followed branch"


@in_state(steady)
def test_an_adoption_whose_state_was_edited_after_it_does_not_pass(world: World) -> None:
    readopt(world, verified_state=state_here(world))
    file = world.clone / EU
    file.write_text(file.read_text() + "# later\n")
    refused(world, "ledger.claim", EU)

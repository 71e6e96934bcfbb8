"""Forged verified states: a rollback installs only bytes that git shows as the family's."""

from msgspec import structs

from lockstep.model.decision import Action, Phase, Position, Restored
from lockstep.render.provenance import FILE_NAME, parse_provenance, restore_provenance
from tests.acceptance.forgeries import (
    FOLDER,
    add,
    evil_files,
    readopt,
    refused,
    state_here,
    state_with,
    stored,
)
from tests.acceptance.reverts import in_state, steady
from tests.acceptance.rollouts import (
    DAY,
    LOCK,
    publish,
)
from tests.acceptance.world import FAMILY, World


@in_state(steady)
def test_a_forged_verified_state_with_its_restore_does_not_bring_foreign_manifests(
    world: World,
) -> None:
    files = evil_files(world)
    tree = stored(world, files)
    readopt(world, verified_state=state_with(world, folders={FOLDER: tree}))
    add(
        world, action=Action.RESTORE, to=Position(Phase.STEADY),
        restored=Restored(2, exact=True, bytes_from=world.git("rev-parse", "HEAD")),
    )  # fmt: skip
    old = files[FILE_NAME]
    mark = restore_provenance(old, parse_provenance(old).inputs, world.git("rev-parse", "HEAD"))
    for name, data in {**files, FILE_NAME: mark}.items():
        (world.clone / FOLDER / name).write_bytes(data)
    refused(world, "ledger.pull-request", "one decision of a family")


@in_state(steady)
def test_a_folder_elsewhere_is_no_verified_state(world: World) -> None:
    tree = stored(world, evil_files(world))
    readopt(world, verified_state=state_with(world, folders={FOLDER: tree}))
    refused(world, "ledger.claim", "the state that it records is not the one", FOLDER)


@in_state(steady)
def test_a_rollback_installs_no_folder_that_git_does_not_show_at_its_path(world: World) -> None:
    """Even where the check was passed over: the record is on the followed branch."""
    tree = stored(world, evil_files(world))
    readopt(world, verified_state=state_with(world, folders={FOLDER: tree}))
    publish(world, "past the check")
    world.merge_proposal("2", at=f"{DAY}22:10:00Z")
    world.must("revert", FAMILY, "--reason", "not now", at=f"{DAY}22:20:00Z")
    assert not (world.clone / FOLDER / "binding.yaml").exists()
    restore = world.records()[-1]["spec"]
    assert restore["restored"]["sequence"] == 2 and not restore["restored"]["exact"]
    assert any("git does not show them" in each for each in restore["unchecked"])


@in_state(steady)
def test_a_rollback_installs_no_lock_that_git_does_not_show_at_its_path(world: World) -> None:
    forged = (world.clone / LOCK).read_bytes().replace(b"sha256:", b"sha256:00", 1)[:-2]
    stored(world, {"1.yaml": forged})
    blob = world.git("hash-object", "docs/notes/1.yaml")
    readopt(world, verified_state=state_with(world, files={LOCK: blob}))
    publish(world, "past the check")
    world.merge_proposal("2", at=f"{DAY}22:10:00Z")
    before = (world.clone / LOCK).read_bytes()
    world.must("revert", FAMILY, "--reason", "not now", at=f"{DAY}22:20:00Z")
    assert (world.clone / LOCK).read_bytes() == before


@in_state(steady)
def test_a_record_that_names_a_commit_of_nowhere_keeps_no_rollback_from_its_bytes(
    world: World,
) -> None:
    state = structs.replace(state_here(world), commit="f" * 40)
    readopt(world, verified_state=state, base="e" * 40)
    publish(world)
    world.merge_proposal("2", at=f"{DAY}22:10:00Z")
    world.must("revert", FAMILY, "--reason", "not now", at=f"{DAY}22:20:00Z")
    assert world.records()[-1]["spec"]["restored"]["exact"]
    assert "unchecked" not in world.records()[-1]["spec"]

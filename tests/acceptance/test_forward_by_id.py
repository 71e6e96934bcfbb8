"""``advance`` in two runs: one that only protects and lists what is due, one that moves by id."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.reverts import began, held, in_state, proposed, shifted
from tests.acceptance.rollouts import DAY
from tests.acceptance.world import FAMILY, World, git, lockstep_process

OTHER = f"sha256:{'0' * 64}"


def advance(world: World, hour: str, *more: str) -> tuple[int, str]:
    return world.lockstep("advance", *more, at=f"{DAY}{hour}:00Z")


def data_of(world: World, hour: str, *more: str) -> Any:
    code, said = advance(world, hour, "--format", "json", *more)
    assert code == 0, said
    return json.loads(said)


def due_of(world: World, hour: str) -> str:
    """The id of the one forward decision that is due."""
    (found,) = data_of(world, hour, "--rollbacks-only")["summary"]["due"]
    return str(found)


def tip(world: World) -> str:
    return git(world.origin, "rev-parse", "main")


@in_state(began)
def test_a_due_step_is_listed_and_not_made(world: World, tmp_path: Path) -> None:
    before, file = tip(world), tmp_path / "new" / "due"
    code, said = advance(world, "10:00", "--rollbacks-only", "--due", str(file))
    assert code == 0, said
    (listed,) = file.read_text().splitlines()
    assert f"{FAMILY}: DUE, and not made by this run: decision {listed}" in said
    assert f"to make it: lockstep advance --decision {listed}" in said
    assert "it would be: prod/scoring: version 2 moves to wave 1 step 2" in said
    data = data_of(world, "10:00", "--rollbacks-only")
    assert data["summary"]["due"] == [listed]
    assert data["items"][0]["decisions"][0]["decision"] == listed
    assert tip(world) == before and world.is_clean()


@in_state(began)
def test_the_listed_decision_is_made_once_by_its_id(world: World) -> None:
    listed, before = due_of(world, "10:00"), tip(world)
    code, said = advance(world, "10:05", "--decision", listed)
    assert code == 0 and "moves to wave 1 step 2" in said
    assert git(world.origin, "rev-parse", "main^") == before
    assert world.records()[-1]["spec"]["id"] == listed
    # As a job does that is run again.
    made = tip(world)
    code, said = advance(world, "10:10", "--decision", listed)
    assert code == 12 and f"was decided by another run ({listed})" in said
    assert advance(world, "10:10", "--decision", listed, "--waiting-is-clean")[0] == 0
    assert tip(world) == made


@in_state(began)
def test_no_other_decision_is_made_in_place_of_the_one_that_was_asked_for(world: World) -> None:
    listed = due_of(world, "10:00")
    assert advance(world, "10:00")[0] == 0
    before = tip(world)
    code, said = advance(world, "14:00", "--decision", OTHER)
    assert code == 12
    assert f"NOT MADE: decision {OTHER}: it is not due" in said
    # The next step is due, and left for the run that gets its id.
    assert f"{FAMILY}: DUE, and not made by this run" in said and listed not in said
    assert tip(world) == before


@in_state(proposed)
def test_the_gates_are_asked_again_for_a_decision_that_was_due(world: World) -> None:
    assert advance(world, "08:00", "--decision", due_of(world, "08:00"))[0] == 0
    listed = due_of(world, "10:00")
    before = tip(world)
    # Asked by a clock that is behind: the step still bakes there.
    code, said = advance(world, "08:30", "--decision", listed, "--waiting-is-clean")
    assert code == 12 and tip(world) == before
    text = f"{FAMILY}: NOT MADE: decision {listed}: it is not due now: baking until"
    assert text in said
    world.measure("2", 0.5, f"{DAY}10:01:00Z")
    code, said = advance(world, "10:10", "--decision", listed)
    assert code == 12 and "version 2 is rolled back" in said
    assert f"NOT MADE: decision {listed}" in said
    actions = [record["spec"]["action"] for record in world.records()]
    assert actions[-2:] == ["shift", "restore"]


@in_state(began)
def test_a_rollback_waits_for_no_id(world: World, tmp_path: Path) -> None:
    file = tmp_path / "due"
    file.write_text("of an earlier run\n")
    world.measure("2", 0.5, f"{DAY}08:10:00Z")
    code, said = advance(
        world, "08:20", "--rollbacks-only", "--due", str(file), "--waiting-is-clean"
    )
    assert code == 12 and "version 2 is rolled back" in said
    assert file.read_text() == ""
    assert world.records()[-1]["spec"]["action"] == "restore"


@in_state(began)
def test_a_hold_that_protects_waits_for_no_id(world: World) -> None:
    world.edit(f"clusters/{FAMILY}/family.yaml", "onFailure: revert", "onFailure: hold")
    world.measure("2", 0.5, f"{DAY}08:10:00Z")
    code, said = advance(world, "08:20", "--rollbacks-only", "--waiting-is-clean")
    assert code == 12 and "version 2 is held" in said
    assert world.records()[-1]["spec"]["action"] == "hold"


@in_state(shifted)
def test_a_due_restore_waits_for_no_id(world: World) -> None:
    # It waits for the registry all the same, and a person has to know.
    code, said = advance(world, "14:00", "--rollbacks-only", "--waiting-is-clean")
    assert code == 12 and "the rollback is blocked" in said


@in_state(began)
def test_what_is_due_is_written_even_where_another_family_cannot_be_read(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "due"
    code, said = advance(
        world, "10:00", FAMILY, "prod/nothing", "--rollbacks-only", "--due", str(file)
    )
    assert code == 2 and "there is no family" in said
    assert file.read_text().startswith("sha256:")


@in_state(began)
def test_a_run_that_cannot_start_leaves_no_list_of_an_earlier_one(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "due"
    file.write_text(f"{OTHER}\n")
    code, _ = advance(
        world, "10:00", "--rollbacks-only", "--due", str(file), "--remote", "elsewhere"
    )
    assert code == 2 and file.read_text() == ""


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--decision", "latest"], "--decision 'latest' is not the id of a decision"),
        (["--decision", f"{OTHER}\n"], "is not the id of a decision"),
        (["--decision", OTHER, "--rollbacks-only"], "leave one of them out"),
        (["--due", "due"], "add --rollbacks-only"),
        (["--rollbacks-only", "--due", "/"], "this is not a file"),
    ],
)
def test_what_cannot_be_asked_for(world: World, given: list[str], says: str) -> None:
    code, said = advance(world, "08:00", *given)
    assert code == 2 and says in said


@in_state(began)
def test_a_family_that_bakes_is_clean_where_that_is_asked_for(world: World) -> None:
    assert advance(world, "08:30")[0] == 12
    code, said = advance(world, "08:30", "--waiting-is-clean")
    assert code == 0 and "baking until" in said
    assert advance(world, "08:30", "--waiting-is-clean", "--rollbacks-only")[0] == 0


@in_state(held)
def test_a_family_that_is_held_is_never_clean(world: World) -> None:
    code, said = advance(world, "13:10", "--waiting-is-clean")
    assert code == 12 and "a question" in said
    (result,) = json.loads(advance(world, "13:10", "--format", "json")[1])["items"]
    assert result["needsPerson"] is True


@in_state(began)
def test_a_breached_skew_is_never_clean(world: World) -> None:
    path = f"clusters/{FAMILY}/family.yaml"
    world.edit(path, "maxSkewDuration: 24h", "maxSkewDuration: 10m")
    code, said = advance(world, "08:30", "--waiting-is-clean")
    assert code == 12 and "for longer than allowed" in said


@in_state(proposed)
def test_two_runs_with_the_same_id_make_one_commit(world: World) -> None:
    listed, before = due_of(world, "08:00"), tip(world)
    clones = [world.clone, world.another_clone()]
    runs = [
        lockstep_process(
            "advance", "--decision", listed, "--now", f"{DAY}08:00:00Z",
            "--registry-uri", world.registry, "--waiting-is-clean", cwd=clone,
        )
        for clone in clones
    ]  # fmt: skip
    said = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert git(world.origin, "rev-parse", "main^") == before
    assert any("moves to wave 1 step 1" in each for each in said)

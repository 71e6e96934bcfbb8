"""``lockstep revert``, row by row of its table, and each row a second time a minute later."""

import pytest

from tests.acceptance.reverts import (
    at_the_last_step,
    experiment,
    experiment_in_rollout,
    held,
    in_state,
    live,
    nothing_moved,
    proposed,
    revert,
    rolling,
    shifted,
    steady,
    twice,
    verified,
)
from tests.acceptance.rollouts import DAY, EU, US, advance, publish, roll
from tests.acceptance.world import FAMILY, World


@in_state(rolling, at_the_last_step, held)
def test_the_candidate_with_weight_is_shifted_restored_and_quarantined(world: World) -> None:
    done = twice(world, "2")
    assert done.added == ["shift", "restore"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}
    assert all(versions == {"1"} for versions in done.after.pods.values())
    assert "version '2' serves nowhere; versions that serve: 1" in done.second


@in_state(proposed)
def test_a_candidate_without_weight_that_is_named_is_quarantined(world: World) -> None:
    done = twice(world, "2")
    assert done.added == ["restore"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}


@in_state(experiment)
def test_the_weight_of_an_arm_goes_back_to_the_stable_version(world: World) -> None:
    done = twice(world, "2")
    assert done.before.everywhere == {"1": 70, "2": 30}
    assert done.added == ["retire"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}
    assert "the experiment arms of version 2 are retired: bad" in done.first
    assert "serves nowhere" in done.second
    code, said = revert(world, hour="18")
    assert (code, "arms of version 2 were retired" in said) == (0, True)
    assert live(world) == done.after
    roll(world, "19", version="3")
    assert live(world).traffic["us-east-1"] == {"1": 90, "3": 10}


@in_state(experiment_in_rollout)
def test_the_weight_of_an_arm_goes_back_to_the_roles_of_a_rollout(world: World) -> None:
    done = twice(world, "2", hour="10")
    assert done.before.traffic["us-east-1"] == {"1": 63, "2": 30, "3": 7}
    assert done.added == ["retire"] and done.after.quarantine == {"2"}
    assert done.after.traffic == {"us-east-1": {"1": 90, "3": 10}, "eu-west-1": {"1": 100}}
    assert world.lockstep("check", "--base", "HEAD~1")[0] == 0
    assert advance(world, "11")[0] == 0, "the rollout goes on"
    further = twice(world, "3")
    assert further.added == ["shift", "restore"]
    assert further.after.everywhere == {"1": 100}, "the arm does not come back with the state"
    assert all(versions == {"1"} for versions in further.after.pods.values())
    assert further.after.quarantine == {"2", "3"}
    restored = world.records()[-1]["spec"]["restored"]
    assert restored["exact"] is False
    assert restored["changed"] == [f"{path}#/spec/variants" for path in (EU, US)]


@in_state(rolling, held)
def test_the_stable_version_is_not_reverted_below_a_rollout(world: World) -> None:
    done = twice(world, "1", codes=(12, 12))
    assert nothing_moved(done)
    assert "version 2 is rolling out; revert it first" in done.first
    assert "lockstep revert prod/scoring 2 --reason" in done.first


@in_state(shifted)
@pytest.mark.parametrize("version", [("2",), ()], ids=["named", "without a name"])
def test_a_due_restore_is_made_or_says_what_it_waits_for(
    world: World, version: tuple[str, ...]
) -> None:
    done = twice(world, *version, codes=(12, 12))
    assert nothing_moved(done) and done.after.everywhere == {"1": 100}
    assert "the rollback is blocked" in done.first and "Notify" in done.first
    (world.folder / "mlflow.db").unlink()  # not reachable is not an answer
    made = twice(world, *version, hour="18")
    assert made.added == ["restore"] and made.after.quarantine == {"2"}
    assert all(versions == {"1"} for versions in made.after.pods.values())


@in_state(shifted)
def test_advance_makes_a_due_restore_too(world: World) -> None:
    assert advance(world, "17")[0] == 12
    (world.folder / "mlflow.db").unlink()
    assert advance(world, "18")[0] == 12
    after = live(world)
    assert after.actions[-1] == "restore" and after.everywhere == {"1": 100}
    assert advance(world, "19")[0] == 0 and live(world) == after


@in_state(steady, rolling, experiment)
def test_a_version_that_serves_nowhere_is_only_reported(world: World) -> None:
    done = twice(world, "3")
    assert nothing_moved(done)
    assert "version '3' serves nowhere" in done.first == done.second
    code, said = revert(world, "no-such-version", hour="18")
    assert code == 0 and "version 'no-such-version' serves nowhere" in said


@in_state(rolling, at_the_last_step, held)
def test_without_a_version_the_candidate_is_rolled_back(world: World) -> None:
    done = twice(world)
    assert done.added == ["shift", "restore"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}
    assert "version 2 was rolled back at 2026-03-01T17:00:00Z by A runner" in done.second


@in_state(proposed)
@pytest.mark.parametrize("hold", [False, True])
def test_a_proposal_is_withdrawn_without_quarantine(world: World, hold: bool) -> None:
    if hold:
        world.must("hold", FAMILY, "--reason", "a question", at=f"{DAY}09:00:00Z")
    done = twice(world)
    assert done.added == ["restore"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == set()
    assert "the proposal of version 2 is withdrawn: bad" in done.first
    world.must("propose", FAMILY, "2", at=f"{DAY}18:00:00Z")


@in_state(steady, verified, experiment)
def test_a_steady_family_asks_for_the_version(world: World) -> None:
    done = twice(world, codes=(12, 12))
    assert nothing_moved(done)
    for version in done.after.everywhere:
        assert f"lockstep revert prod/scoring {version} --reason" in done.first


@in_state(verified)
def test_a_stable_version_is_restored_to_the_state_before(world: World) -> None:
    done = twice(world, "2")
    assert done.before.everywhere == {"2": 100} and done.after.everywhere == {"1": 100}
    assert done.added == ["restore"] and done.after.quarantine == {"2"}
    assert world.records()[-1]["spec"]["restored"]["exact"] is True
    last = twice(world, "1", codes=(12, 12), hour="18")
    assert nothing_moved(last) and "no verified state to return to" in last.first


@in_state(verified)
def test_a_rollback_that_a_quarantine_blocks_names_it(world: World) -> None:
    roll(world, "17", version="1")
    assert revert(world, hour="18")[0] == 0
    done = twice(world, "2", codes=(12, 12), hour="19")
    assert nothing_moved(done) and done.after.quarantine == {"1"}
    assert "version 1, as verified in record 1, is in quarantine (if that" in done.first
    assert f"run lockstep release {FAMILY} 1 --reason '...'" in done.first


@in_state(verified)
def test_a_version_whose_lock_was_deleted_can_still_be_rolled_back(world: World) -> None:
    (world.clone / f"clusters/{FAMILY}/locks/2.yaml").unlink()
    publish(world)
    done = twice(world, "2")
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}

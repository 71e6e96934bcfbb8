"""The table of ``lockstep revert``: which row applies to a family, and what it does."""

import shlex

import pytest

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.exit_codes import ExitCode
from lockstep.model.fleet import Family
from lockstep.rollout.position import newest_decision
from lockstep.rollout.revert_choice import (
    Nothing,
    RetireArm,
    ReturnToRecord,
    RollBack,
    choose_revert,
    is_return,
)
from tests.unit.fleets import family
from tests.unit.rollout.ledgers import (
    SOMEBODY,
    STEADY,
    adopted,
    decide,
    in_phase,
    proposed,
    rolled_back,
    stepped,
    verified,
    with_variants,
)

ARM = {"name": "ranker-b", "version": "3", "weight": 30, "experiment": True}
STABLE = {"name": "stable", "version": "1", "weight": 70}


def with_arm() -> Family:
    return adopted(with_variants(family(), STABLE, ARM))


def held_proposal() -> Family:
    return decide(in_phase(Phase.PROPOSED), Action.HOLD, Position(Phase.HELD), "2")


def at_the_end() -> Family:
    return stepped(proposed(adopted(family()), "2"), "2", dict.fromkeys("abc", 100))


@pytest.mark.parametrize("phase", [Phase.PROPOSED, Phase.ROLLING, Phase.HELD, Phase.SHIFTED])
def test_a_candidate_that_is_named_is_rolled_back_and_quarantined(phase: Phase) -> None:
    assert choose_revert(in_phase(phase), "2") == RollBack("2")


def test_the_candidate_of_the_last_step_is_still_the_candidate() -> None:
    assert choose_revert(at_the_end(), "2") == RollBack("2")
    assert choose_revert(at_the_end(), None) == RollBack("2")


@pytest.mark.parametrize("phase", [Phase.ROLLING, Phase.HELD, Phase.SHIFTED])
def test_without_a_version_the_candidate_is_rolled_back(phase: Phase) -> None:
    assert choose_revert(in_phase(phase), None) == RollBack("2")


@pytest.mark.parametrize("made", [in_phase(Phase.PROPOSED), held_proposal()])
def test_what_is_only_proposed_is_withdrawn_unless_it_is_named(made: Family) -> None:
    assert choose_revert(made, None) == RollBack("2", quarantines=False)
    assert choose_revert(made, "2") == RollBack("2")


def test_a_candidate_that_people_gave_weight_is_not_only_proposed() -> None:
    edited = with_variants(
        in_phase(Phase.PROPOSED), STABLE, {"name": "candidate", "version": "2", "weight": 30}
    )
    assert choose_revert(edited, None) == RollBack("2")


@pytest.mark.parametrize(
    ("phase", "says"),
    [(Phase.PROPOSED, "rolling out"), (Phase.ROLLING, "rolling out"), (Phase.HELD, "rolling out"),
     (Phase.SHIFTED, "being rolled back")],
)  # fmt: skip
def test_the_stable_version_is_not_rolled_back_below_a_rollout(phase: Phase, says: str) -> None:
    command = "lockstep revert prod/fraud 2 --reason '...'"
    assert choose_revert(in_phase(phase), "1") == Nothing(
        f"version 2 is {says}; revert it first", ExitCode.GATE_CLOSED, (command,)
    )


def test_the_stable_version_is_rolled_back_where_nothing_else_runs() -> None:
    assert choose_revert(in_phase(Phase.STEADY), "1") == RollBack("1")
    assert choose_revert(verified(proposed(adopted(family()), "2"), "2"), "2") == RollBack("2")


@pytest.mark.parametrize("made", [with_arm(), stepped(proposed(with_arm(), "2"), "2", {"a": 10})])
def test_an_arm_is_retired_in_a_rollout_and_outside_of_one(made: Family) -> None:
    assert choose_revert(made, "3") == RetireArm("3")


def test_a_version_in_a_role_and_an_arm_counts_as_in_the_role() -> None:
    both = adopted(with_variants(family(), STABLE, {**ARM, "version": "1"}))
    assert choose_revert(both, "1") == RollBack("1")


@pytest.mark.parametrize("version", ["3", "99", "", "no version"])
def test_a_version_that_serves_nowhere_is_no_error(version: str) -> None:
    chosen = choose_revert(in_phase(Phase.ROLLING), version)
    assert isinstance(chosen, Nothing) and chosen.exit_code is ExitCode.CLEAN
    assert "serves nowhere; versions that serve: 1, 2" in chosen.reason


def test_a_version_that_nothing_names_differs_from_one_that_is_over() -> None:
    over = rolled_back(in_phase(Phase.ROLLING), "2")
    made = decide(over, Action.RELEASE, STEADY, "2")
    for version, unknown in (("2", False), ("21", True)):
        chosen = choose_revert(made, version)
        assert isinstance(chosen, Nothing)
        assert ("nothing was rolled back" in chosen.reason) is unknown
        assert ("was another version meant?" in chosen.reason) is unknown


@pytest.mark.parametrize("version", [None, "2"])
def test_after_a_rollback_nothing_is_left_to_do(version: str | None) -> None:
    made = rolled_back(in_phase(Phase.ROLLING), "2")
    chosen = choose_revert(made, version)
    assert isinstance(chosen, Nothing) and chosen.exit_code is ExitCode.CLEAN
    if version is None:
        assert "version 2 was rolled back at 2026-03-01T08:00:00Z" in chosen.reason
        assert f"by {SOMEBODY} (record 5: because)" in chosen.reason


def test_after_an_arm_was_retired_nothing_is_left_to_do() -> None:
    after = [{**STABLE, "weight": 100}, {**ARM, "weight": 0, "warm": True}]
    variants = dict.fromkeys(("fraud-a", "fraud-b", "fraud-c"), after)
    made = decide(with_arm(), Action.RETIRE, STEADY, "3", variants, quarantines=True)
    for version in (None, "3"):
        chosen = choose_revert(made, version)
        assert isinstance(chosen, Nothing) and chosen.exit_code is ExitCode.CLEAN
    chosen = choose_revert(made, None)
    assert isinstance(chosen, Nothing) and "arms of version 3 were retired" in chosen.reason


@pytest.mark.parametrize(
    "made", [in_phase(Phase.STEADY), verified(in_phase(Phase.STEADY), "1"),
             decide(rolled_back(in_phase(Phase.ROLLING), "2"), Action.RELEASE, STEADY, "2")],
)  # fmt: skip
def test_a_steady_family_asks_for_the_version(made: Family) -> None:
    assert choose_revert(made, None) == Nothing(
        "no rollout is running; name the version to roll back", ExitCode.GATE_CLOSED,
        ("lockstep revert prod/fraud 1 --reason '...'",),
    )  # fmt: skip


def test_one_command_is_printed_for_each_version_that_serves() -> None:
    made = choose_revert(with_arm(), None)
    assert isinstance(made, Nothing)
    assert [command.split()[3] for command in made.commands] == ["1", "3"]


def test_a_diverged_rollout_is_judged_by_its_record() -> None:
    edited = with_variants(
        in_phase(Phase.ROLLING), {"name": "stable", "version": "3", "weight": 100}
    )
    assert choose_revert(edited, None) == choose_revert(edited, "2") == RollBack("2")
    assert isinstance(choose_revert(edited, "3"), Nothing)


@pytest.mark.parametrize(
    "made", [in_phase(Phase.STEADY), rolled_back(in_phase(Phase.ROLLING), "2")]
)
def test_specs_edited_outside_of_a_rollout_return_to_their_record(made: Family) -> None:
    edited = with_variants(made, {"name": "stable", "version": "3", "weight": 100})
    assert choose_revert(edited, None) == ReturnToRecord()
    assert choose_revert(edited, "3") == RollBack("3")


@pytest.mark.parametrize("version", [None, "1"])
def test_a_family_without_a_record_has_nothing_to_return_to(version: str | None) -> None:
    chosen = choose_revert(family(), version)
    assert isinstance(chosen, Nothing) and chosen.exit_code is ExitCode.GATE_CLOSED
    assert chosen.commands == ("lockstep adopt prod/fraud --reason '...'",)


def test_a_return_is_a_restore_to_its_own_target() -> None:
    made = decide(in_phase(Phase.STEADY), Action.RESTORE, STEADY, "1")
    back, rollback = (
        newest_decision(made),
        newest_decision(rolled_back(in_phase(Phase.ROLLING), "2")),
    )
    assert back is not None and is_return(back)
    assert rollback is not None and not is_return(rollback)
    chosen = choose_revert(made, None)
    assert isinstance(chosen, Nothing) and "the recorded variants came back" in chosen.reason


def test_a_forged_version_is_not_a_word_of_a_shell() -> None:
    forged = decide(
        in_phase(Phase.PROPOSED), Action.PROPOSE, Position(Phase.PROPOSED), "$(ls)\n; x"
    )
    chosen = choose_revert(forged, "1")
    assert isinstance(chosen, Nothing)
    (command,) = chosen.commands
    assert shlex.split(command)[3].startswith("$(ls)") and "\n" not in command

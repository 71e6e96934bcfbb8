"""The id of the next forward move is that of the decision that is then made."""

from msgspec.structs import replace

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.fleet import Family
from lockstep.rollout.gate_questions import questions_of_proposal
from lockstep.rollout.next_id import id_of_next_move, id_of_proposal
from tests.unit.fleets import family, recorded
from tests.unit.rollout.ledgers import START, adopted, decide, proposed, stepped, target_of


def made_id(after: Family) -> str:
    return after.records[-1].decision.id


def test_a_proposal_has_the_id_that_was_known_before() -> None:
    before = adopted(family())
    known = id_of_proposal(before, target_of("2"))
    assert known == made_id(proposed(before, "2"))
    assert known != id_of_proposal(before, target_of("3"))


def test_each_step_and_the_verification_have_the_ids_that_were_known_before() -> None:
    at = proposed(adopted(family()), "2")
    plan = at.spec["rollout"]
    last = Position(Phase.ROLLING, len(plan["waves"]) - 1, len(plan["steps"]) - 1)
    known = id_of_next_move(at)
    at = stepped(at, "2", {})
    assert made_id(at) == known
    at = decide(at, Action.ADVANCE, last, "2")
    known = id_of_next_move(at)
    at = decide(at, Action.VERIFY, Position(Phase.STEADY), "2")
    assert made_id(at) == known


def test_no_id_is_known_where_no_forward_move_is_due() -> None:
    at = stepped(proposed(adopted(family()), "2"), "2", {})
    held = decide(at, Action.HOLD, Position(Phase.HELD, 0, 0), "2")
    shifted = decide(at, Action.SHIFT, Position(Phase.SHIFTED), "2")
    for each in (family(), adopted(family()), held, shifted):
        assert id_of_next_move(each) == ""
    resumed = decide(held, Action.RESUME, Position(Phase.ROLLING, 0, 0), "2")
    assert id_of_next_move(resumed) not in ("", id_of_next_move(at))


def test_an_id_is_that_of_one_place_in_one_ledger() -> None:
    at = proposed(adopted(family()), "2")
    decision = at.records[-1].decision
    other = recorded(adopted(family()), replace(decision, reason="another"))
    assert id_of_next_move(at) != id_of_next_move(other)


def test_the_questions_of_a_proposal_name_its_decision() -> None:
    at = adopted(family())
    at.spec["gates"][0]["when"] = "propose"
    lock = {"identity": {"version": "2", "digest": target_of("2").digest}}
    asked = questions_of_proposal(at, "2", lock, START)
    assert {each.decision for each in asked} == {id_of_proposal(at, target_of("2"))}

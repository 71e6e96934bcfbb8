"""Which records nothing that moves forward may go on from, although their chain is whole."""

from dataclasses import replace
from datetime import timedelta

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.ledger import LedgerHistory
from lockstep.rollout.chain import judged
from lockstep.rollout.replay import replay
from lockstep.rollout.trust import check_times, replayed
from lockstep.spec.ledger import unsettled
from tests.unit.fleets import family
from tests.unit.rollout.ledgers import (
    START,
    STEADY,
    adopted,
    decide,
    in_phase,
    proposed,
    stepped,
)

LATER = START + timedelta(hours=1)


def test_records_that_a_replay_confirms_are_relied_on() -> None:
    made = judged(in_phase(Phase.PROPOSED))
    assert replayed(made, LATER) == made


def test_a_record_that_contradicts_itself_is_broken_until_an_adoption_settles_it() -> None:
    made = adopted(family())
    forged = judged(decide(made, Action.ADVANCE, Position(Phase.ROLLING, 1, 1), "2"))
    assert replay(forged) and not unsettled(forged)
    (broken,) = unsettled(replayed(forged, LATER))
    assert broken.sequence == 2 and "does not follow from the verdict" in broken.problem
    settled = adopted(replayed(forged, LATER))
    assert list(settled.records[-1].decision.broken_records) == [broken.path]
    assert not unsettled(replayed(judged(settled), LATER))


def test_a_record_after_a_missing_one_is_not_blamed_for_it() -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10})
    first, gone, last = made.records
    history = LedgerHistory(changed={gone.decision.path: (gone.digest,)})
    left = judged(replace(made, records=(first, last)), history)
    problems = {file.path: file.problem for file in unsettled(replayed(left, LATER))}
    assert problems == {
        gone.decision.path: "a commit has changed or removed it after it was made",
        last.decision.path: "it cannot be replayed, because record 2 is missing",
    }


def test_a_record_from_the_future_is_broken_until_then() -> None:
    ahead = judged(adopted(family(), now=LATER))
    (broken,) = unsettled(replayed(ahead, START))
    assert broken.problem == "it was decided at 2026-03-01T09:00:00Z, which is in the future"
    for minutes in (55, 60):
        assert not unsettled(replayed(ahead, START + timedelta(minutes=minutes)))


def test_what_was_broken_stays_so() -> None:
    made = decide(adopted(family()), Action.RELEASE, STEADY, "1")
    gone = judged(replace(made, records=made.records[1:]))
    assert unsettled(replayed(gone, LATER))


def test_records_of_the_future_are_listed() -> None:
    ahead = judged(adopted(family(), now=LATER))
    (found,) = check_times(ahead, START)
    assert (found.rule, found.file) == ("ledger.time", ahead.records[0].decision.path)
    assert check_times(ahead, LATER) == []

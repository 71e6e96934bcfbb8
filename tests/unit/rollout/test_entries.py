"""The records of families as one history: in which order, and what each decision changed."""

from dataclasses import replace
from datetime import timedelta

from msgspec.structs import replace as evolve

from lockstep.model.decision import Decision
from lockstep.model.ledger import LedgerFile
from lockstep.model.timeline import LedgerEntry
from lockstep.rollout.entries import entries_of, newest_first
from tests.unit.fleets import family
from tests.unit.rollout.ledgers import START, adopted, proposed, rolled_back, skewed, stepped

HOUR = timedelta(hours=1)
LATER = START + 1000 * HOUR


def numbers(entries: list[LedgerEntry]) -> list[tuple[str, int]]:
    return [(each.decision.family, each.decision.sequence) for each in entries]


def test_an_entry_says_which_clusters_got_other_weights() -> None:
    first, proposal, step, _ = entries_of(skewed(), LATER)
    assert [(c.cluster, c.before) for c in first.changes] == [
        ("fraud-a", None), ("fraud-b", None), ("fraud-c", None),
    ]  # fmt: skip
    assert not proposal.changes, "a candidate without weight changes no traffic"
    (change,) = step.changes
    assert (change.cluster, change.region) == ("fraud-a", "a")
    assert [(v["version"], v["weight"]) for v in change.before or ()] == [("1", 100)]
    assert [(v["version"], v["weight"]) for v in change.after or ()] == [("1", 90), ("2", 10)]


def test_families_are_mixed_by_time_and_each_keeps_its_own_order() -> None:
    one = skewed()
    back = rolled_back(
        stepped(proposed(adopted(family()), "2"), "2", {"a": 10}, START + 3 * HOUR), "2", START
    )
    other = replace(back, name="other", records=tuple(
        replace(r, decision=_renamed(r.decision)) for r in back.records))  # fmt: skip
    found = newest_first([*entries_of(one, LATER), *entries_of(other, LATER)])
    assert numbers(found) == [
        ("fraud", 4), ("other", 5), ("other", 4), ("other", 3), ("fraud", 3), ("other", 2),
        ("other", 1), ("fraud", 2), ("fraud", 1),
    ]  # fmt: skip


def _renamed(decision: Decision) -> Decision:

    return evolve(decision, family="other")


def test_a_record_that_cannot_be_relied_on_is_shown_and_changes_nothing_after_it() -> None:
    made = skewed()
    first, second, third, fourth = made.records
    lost = LedgerFile(third.decision.path, 3, third.digest, third, "a commit has changed it")
    broken = replace(made, records=(first, second, fourth), broken=(lost,))
    entries = list(entries_of(broken, LATER))
    assert [each.problem for each in entries] == ["", "", "a commit has changed it", ""]
    (change,) = entries[3].changes
    assert [v["weight"] for v in change.before or ()] == [100], "as before the broken one"
    settled = replace(broken, broken=(replace(lost, problem="", settled=True),))
    assert [each.problem for each in entries_of(settled, LATER)][2]
    unread = replace(broken, broken=(replace(lost, record=None),))
    assert [each.decision.sequence for each in entries_of(unread, LATER)] == [1, 2, 4]


def test_a_record_of_the_future_does_not_hide_the_others() -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10}, LATER + HOUR)
    made = rolled_back(made, "2", START + 2 * HOUR)
    found = newest_first(entries_of(made, LATER))
    assert [each.decision.sequence for each in found] == [5, 4, 3, 2, 1]
    assert ["in the future" in each.problem for each in found] == [False, False, True, False, False]
    assert [each.since for each in found[:2]] == [START + 2 * HOUR] * 2

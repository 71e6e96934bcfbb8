"""The past of a family: what a change may add to it, and what it may not touch."""

from dataclasses import replace
from datetime import timedelta

from lockstep.model.canonical import digest_bytes
from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.model.ledger import LedgerHistory
from lockstep.rollout.chain import judged
from lockstep.rollout.history import check_history, check_left_behind, check_rewritten
from lockstep.spec.ledger import files_of, with_trusted
from tests.unit.fleets import digest_of, family, fleet, tree
from tests.unit.rollout.ledgers import START, adopted, proposed, stepped
from tests.unit.rollout.live_answers import with_live_gate

LOCK = "clusters/prod/fraud/locks/2.yaml"


def with_ledger() -> Family:
    return proposed(adopted(family()), "2")


def of(only: Family) -> Fleet:
    home = fleet().environments["prod"]
    return Fleet({"prod": replace(home, families={only.name: only})})


def rules(new: Fleet, old: Fleet) -> list[tuple[str, str]]:
    return [(finding.rule, finding.file) for finding in check_history(new, old)]


def test_an_unchanged_past_is_sound() -> None:
    assert rules(fleet(), fleet()) == []
    made = with_ledger()
    assert rules(of(made), of(made)) == []


def test_records_that_follow_from_their_evidence_may_be_added() -> None:
    made = with_ledger()
    assert rules(of(made), of(replace(made, records=made.records[:1]))) == []
    assert rules(of(made), Fleet()) == []


def test_a_move_forward_names_what_says_since_when_its_step_was_live() -> None:
    """A record says itself which gates these are, so a forged one could leave them out."""
    before = stepped(proposed(adopted(family()), "2"), "2", {"a": 10})
    after = stepped(before, "2", {"a": 100}, START + timedelta(hours=2))  # with no such gate
    text = "its plan leaves out what says since when the step was live: live in fraud-a"

    def found(new: Family, old: Family) -> bool:
        return text in [f.message for f in check_history(of(new), of(old))]

    assert found(with_live_gate(after), with_live_gate(before))
    # People added the gate, or removed it, with this change.
    assert not found(with_live_gate(after), before)
    assert not found(after, with_live_gate(before))
    # It is known, or is the first step, which nothing is asked about.
    assert not found(with_live_gate(after), with_live_gate(after))
    first = replace(before, records=before.records[:2])
    assert not found(with_live_gate(before), with_live_gate(first))
    named = stepped(with_live_gate(before), "2", {"a": 100}, START + timedelta(hours=2))
    assert not found(named, with_live_gate(before))


def test_a_record_that_vanishes_or_changes_is_found() -> None:
    paths = sorted(record.decision.path for record in with_ledger().records)
    before = {**tree(), **dict.fromkeys(paths, b"{}"), "ledger/prod/fraud/notes": b"x"}

    def found(after: Tree, *, old: Tree = before) -> list[str]:
        return [f.file for f in check_rewritten(after, old, None) if f.rule == "ledger.rewritten"]

    assert found(before) == found(before, old={}) == []
    first, second = paths
    assert found({first: b"{ }"}) == [first, second], "their family is gone, too"
    assert found({**before, second: b"{ }"}) == [second]


def test_a_record_is_put_back_only_as_a_commit_had_added_it() -> None:
    path = with_ledger().records[0].decision.path
    known = LedgerHistory({path: (digest_bytes(b"added"), digest_bytes(b"edited"))})
    for data, count in ((b"added", 0), (b"edited", 1), (b"new", 1)):
        assert len(check_rewritten({path: data}, {path: b"now"}, lambda: known)) == count


def test_records_of_a_family_that_its_tree_does_not_declare_are_not_added() -> None:
    path = with_ledger().records[0].decision.path
    assert [f.rule for f in check_left_behind({path: b"{}"}, {})] == ["ledger.claim"]
    assert check_left_behind({path: b"{}"}, {path: b"{}"}) == []
    assert check_left_behind({**tree(), path: b"{}"}, {}) == []


def test_a_lock_cannot_be_exchanged_under_its_version() -> None:
    files = tree()
    files[LOCK] = files[LOCK].replace(digest_of("2").encode(), digest_of("other").encode())
    assert rules(fleet(files), fleet()) == [("lock.identity", LOCK)]


def test_a_new_lock_and_refreshed_facts_are_no_exchange() -> None:
    old = {path: data for path, data in tree().items() if path != LOCK}
    assert rules(fleet(), fleet(old)) == []
    refreshed = tree() | {LOCK: tree()[LOCK] + b'  facts: {readAt: "2026-03-01T08:00:00Z"}\n'}
    assert rules(fleet(refreshed), fleet()) == []


def test_the_lock_that_the_ledger_knows_may_come_back() -> None:
    forged = tree()
    forged[LOCK] = forged[LOCK].replace(digest_of("2").encode(), digest_of("other").encode())
    made = with_ledger()
    before = replace(made, locks=family(forged).locks)
    assert rules(of(made), of(before)) == []
    assert rules(of(before), of(made)) == [("lock.identity", LOCK)]


def adoption_of(before: Family, history: LedgerHistory) -> Family:
    """The family after an adoption that names what is broken."""
    after = adopted(judged(before, history))
    return with_trusted(after, files_of(after))


def test_an_adoption_names_only_what_was_broken_at_the_base() -> None:
    before = adopted(with_ledger())
    path, digest = (record := before.records[0]).decision.path, record.digest
    of_git = LedgerHistory({path: ("sha256:0",)})
    made = adoption_of(before, of_git)
    assert made.records[-1].decision.broken_records == {path: digest}
    added = made.records[-1].decision.path
    assert check_history(of(made), of(before), lambda: of_git) == []
    assert rules(of(made), of(before)) == [], "a verb has asked git itself"
    whole = check_history(of(made), of(before), LedgerHistory)
    assert [(f.rule, f.file) for f in whole] == [("ledger.settled", added)]
    alone = check_history(of(made), Fleet(), lambda: of_git)
    assert ("ledger.settled", added) in [(f.rule, f.file) for f in alone]
    shallow = check_history(of(made), of(before), lambda: LedgerHistory(missing="shallow"))
    assert [(f.rule, f.file) for f in shallow] == [("ledger.shallow", added)]


def test_an_adoption_does_not_settle_an_edit_of_the_same_change() -> None:
    before = adopted(with_ledger())
    first = before.records[0]
    edited = replace(before, records=(replace(first, digest="sha256:0"), *before.records[1:]))
    made = adoption_of(edited, LedgerHistory({first.decision.path: (first.digest,)}))
    added = made.records[-1].decision.path
    assert rules(of(made), of(before)) == [("ledger.settled", added)]


def test_git_is_not_asked_where_no_new_record_names_a_broken_one() -> None:
    def never() -> LedgerHistory:
        raise AssertionError

    before = adopted(with_ledger())
    assert check_history(of(adopted(before)), of(before), never) == []

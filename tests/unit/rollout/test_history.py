"""The past of a family: what a change may add to it, and what it may not touch."""

from dataclasses import replace

from lockstep.model.fleet import Family, Fleet
from lockstep.rollout.history import check_history, check_left_behind
from tests.unit.fleets import digest_of, family, fleet, tree
from tests.unit.rollout.ledgers import adopted, proposed

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


def test_a_record_that_vanishes_or_changes_is_found() -> None:
    made = with_ledger()
    first = made.records[0]
    gone = replace(made, records=made.records[:-1])
    assert rules(of(gone), of(made)) == [("ledger.rewritten", made.records[-1].decision.path)]
    edited = replace(made, records=(replace(first, digest="sha256:0"), *made.records[1:]))
    assert rules(of(edited), of(made)) == [("ledger.rewritten", first.decision.path)]


def test_a_family_that_is_taken_out_leaves_its_ledger_behind() -> None:
    assert rules(Fleet(), of(with_ledger())) == []
    records = {record.decision.path: b"{}" for record in with_ledger().records}
    before = {**tree(), **records}
    assert check_left_behind(before, before, Fleet()) == check_left_behind(records, before, Fleet())
    first, second = sorted(records)
    found = check_left_behind({first: b"{ }"}, before, Fleet())
    assert [finding.file for finding in found] == [first, second]
    assert check_left_behind({}, before, of(with_ledger())) == [], "those are judged by digest"


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

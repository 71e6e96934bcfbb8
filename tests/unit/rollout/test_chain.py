"""A chain of records: whatever is removed, edited or put in between is found."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from lockstep.model.canonical import digest_bytes
from lockstep.model.decision import Action, Decision, Phase, Position, Record, Target
from lockstep.model.errors import LockstepError
from lockstep.model.fleet import Family
from lockstep.model.ledger import LedgerFile, LedgerHistory
from lockstep.model.record import read_record, record_of, write_record
from lockstep.model.times import parse_time
from lockstep.rollout.chain import chain_end, judged, verify_chain
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.position import current_variants
from lockstep.spec.ledger import files_of, unsettled, with_trusted
from tests.unit.fleets import digest_of, family, recorded

NOW = parse_time("2026-03-01T08:00:00Z")


def chain(length: int) -> Family:
    made = family()
    for _ in range(length):
        made = decided(made)
    return made


def decided(made: Family, action: Action = Action.ADOPT) -> Family:
    """The family after one more decision, read anew from its files."""
    decision = next_decision(
        made, Action.ADOPT, Position(Phase.STEADY), Target("1", digest_of("1")),
        current_variants(made), "because",
        DecisionContext(NOW, "a <a@example.com>", None),
    )  # fmt: skip
    after = recorded(made, structs.replace(decision, action=action))
    return with_trusted(after, files_of(after))


def path(number: int) -> str:
    return f"ledger/prod/fraud/{number:06d}.json"


def unreadable(made: Family, number: int) -> Family:
    """The family with bytes in one of its records that are not a record."""
    kept = [f for f in files_of(made) if f.sequence != number]
    file = LedgerFile(path(number), number, digest_bytes(b"<<<<<<<"))
    return with_trusted(made, [*kept, file])


def without(made: Family, *numbers: int) -> Family:
    kept = [f for f in files_of(made) if f.sequence not in numbers and f.digest]
    return with_trusted(made, kept)


def changed(before: Family, *numbers: int) -> LedgerHistory:
    """What git says where commits have changed or removed these records of ``before``."""
    digests = {file.sequence: file.digest or "" for file in files_of(before)}
    return LedgerHistory({path(n): (digests[n],) for n in numbers})


WHOLE = LedgerHistory()


def broken(made: Family, history: LedgerHistory | None = None) -> list[int]:
    """The numbers of the records that no adoption has settled."""
    found = judged(made, history) if history else judged(made)
    assert {r.decision.sequence for r in found.records}.isdisjoint(f.sequence for f in found.broken)
    assert all(file.problem for file in unsettled(found))
    return [file.sequence for file in unsettled(found)]


def record(decision: Decision) -> Record:
    return read_record(write_record(decision))


def edited(made: Family, index: int, **changes: Any) -> Family:
    records = list(made.records)
    records[index] = record(structs.replace(records[index].decision, **changes))
    return replace(made, records=tuple(records))


def found(made: Family) -> list[tuple[str, str]]:
    return [(finding.rule, finding.file[-11:]) for finding in verify_chain(made)]


def test_a_whole_chain_and_no_chain_have_no_findings() -> None:
    assert found(chain(4)) == found(family()) == []


def test_an_edited_record_breaks_the_chain_at_the_one_after_it() -> None:
    assert found(edited(chain(3), 1, reason="another")) == [("ledger.chain", "000003.json")]


def test_an_edit_of_the_newest_record_changes_its_id() -> None:
    made = chain(2)
    newest = made.records[-1]
    data = write_record(newest.decision).replace(b'"action": "adopt"', b'"action": "resume"')
    forged = replace(made, records=(made.records[0], read_record(data)))
    assert forged.records[-1].decision.action is Action.RESUME
    assert found(forged) == [("ledger.id", "000002.json")]


def test_a_missing_record_is_a_gap_wherever_it_was() -> None:
    made = chain(3)
    for index in (0, 1):
        kept = tuple(r for n, r in enumerate(made.records) if n != index)
        missing = replace(made, records=kept)
        assert [f.rule for f in verify_chain(missing)] == ["ledger.gap"]
        assert f"record {index + 1} is missing" in verify_chain(missing)[0].message


def test_a_record_that_starts_where_the_one_before_it_did_not_lead_is_found() -> None:
    made = edited(chain(2), 1, source=Position(Phase.ROLLING, 0, 0))
    assert found(made) == [("ledger.position", "000002.json")]
    assert found(edited(chain(1), 0, source=Position(Phase.STEADY))) == [
        ("ledger.position", "000001.json")
    ]


def test_a_first_record_that_claims_a_predecessor_is_found() -> None:
    made = edited(chain(1), 0, previous=digest_bytes(b"x"))
    assert found(made) == [("ledger.chain", "000001.json")]


def test_a_chain_that_was_written_again_from_the_middle_is_found() -> None:
    made, other = chain(4), chain(2)
    spliced = edited(other, 1, reason="forged").records + made.records[2:]
    assert found(replace(made, records=spliced)) == [("ledger.chain", "000003.json")]


def test_a_hostile_id_is_shortened_in_the_message() -> None:
    made = chain(1)
    forged = replace(made.records[0], stated_id="x" * 10_000)
    finding = verify_chain(replace(made, records=(forged,)))[0]
    assert finding.rule == "ledger.id" and len(finding.message) < 300


def test_every_record_of_a_whole_chain_counts() -> None:
    made = chain(3)
    assert judged(made) == judged(made, WHOLE) == made


def test_a_record_that_a_commit_changed_does_not_count_and_those_after_it_do() -> None:
    before = chain(3)
    for index in (0, 1, 2):
        made = edited(before, index, reason="another")
        history = changed(before, index + 1)
        assert broken(made, history) == [index + 1]
        assert len(judged(made, history).records) == 2


def test_without_history_neither_of_two_records_that_do_not_fit_counts() -> None:
    made = edited(chain(3), 1, reason="another")
    assert broken(made) == [2, 3]
    assert broken(made, WHOLE) == [3], "git says that the one before it is as it was"


def test_a_record_that_claims_another_predecessor_than_git_knows_is_broken_too() -> None:
    before = chain(3)
    made = edited(edited(before, 1, reason="another"), 2, previous=digest_bytes(b"x"))
    assert broken(made, changed(before, 2)) == [2, 3]


def test_removed_records_are_broken_by_their_paths() -> None:
    before = chain(3)
    assert broken(without(before, 3), changed(before, 3)) == [3]
    assert broken(without(before, 2), changed(before, 2)) == [2]
    assert broken(without(before, 1, 2, 3), changed(before, 1, 2, 3)) == [1, 2, 3]
    assert broken(without(before, 2)) == [3], "the one that shows it, where git is not asked"


def test_changes_of_other_families_and_files_do_not_count() -> None:
    others = ("ledger/prod/fraud-eu/000001.json", "ledger/prod/fraud/notes.txt")
    assert broken(chain(1), LedgerHistory(dict.fromkeys(others, ()))) == []


def test_a_forged_newest_record_does_not_count() -> None:
    made = chain(2)
    forged = edited(chain(3), 2, previous=digest_bytes(b"x"))
    assert broken(forged, WHOLE) == [3]
    elsewhere = edited(chain(3), 2, source=Position(Phase.PROPOSED))
    assert broken(elsewhere, WHOLE) == broken(elsewhere) == [3]
    assert judged(elsewhere).records == made.records
    wrong_id = replace(made, records=(made.records[0], replace(made.records[1], stated_id="x")))
    assert broken(wrong_id) == [2]


def test_the_next_record_comes_after_every_file_and_holds_the_digest_of_the_last() -> None:
    made = unreadable(chain(3), 3)
    assert broken(made) == [3] and verify_chain(made) == []
    assert chain_end(made) == (4, digest_bytes(b"<<<<<<<"))
    before = chain(3)
    gone = judged(without(before, 3), changed(before, 3))
    assert chain_end(gone) == (4, before.records[1].digest)
    assert chain_end(family()) == (1, None)


def test_after_the_last_number_there_is_no_next_record() -> None:
    made = with_trusted(family(), [LedgerFile(path(999_999), 999_999, digest_bytes(b""))])
    with pytest.raises(LockstepError, match="no number left"):
        chain_end(made)


def broken_families() -> list[tuple[Family, LedgerHistory]]:
    """Families of three records, each broken in another way, as a verb reads them."""
    before = chain(3)
    of_git = [(edited(before, n - 1, reason="another"), changed(before, n)) for n in (1, 2, 3)]
    gone = [(without(before, n), changed(before, n)) for n in (1, 2, 3)]
    far = edited(chain(3), 2, sequence=9)
    forged = [
        edited(chain(3), 2, previous=digest_bytes(b"x")),
        edited(chain(3), 2, source=Position(Phase.PROPOSED)),
        unreadable(chain(3), 3), unreadable(chain(3), 2), with_trusted(far, files_of(far)),
    ]  # fmt: skip
    return [*of_git, *gone, *((each, WHOLE) for each in forged)]


@pytest.mark.parametrize("case", broken_families())
def test_an_adoption_settles_what_is_broken_and_the_chain_is_whole_from_it_on(
    case: tuple[Family, LedgerHistory],
) -> None:
    made, history = case
    assert broken(made, history)
    after = decided(judged(made, history))
    assert verify_chain(after) == [] and broken(after, history) == []
    assert set(after.records[-1].decision.broken_records) == {
        file.path for file in unsettled(judged(made, history))
    }
    again = decided(after)
    assert verify_chain(again) == [] and broken(again, history) == []
    assert again.records[-1].decision.broken_records == {}


@pytest.mark.parametrize("case", broken_families())
def test_any_other_decision_names_what_is_broken_and_settles_nothing(
    case: tuple[Family, LedgerHistory],
) -> None:
    made, history = case
    found = broken(made, history)
    after = decided(judged(made, history), Action.HOLD)
    known = {(f.rule, f.file) for f in verify_chain(made)}
    assert {(f.rule, f.file) for f in verify_chain(after)} <= known, "it adds no mistake"
    assert broken(after, history) == found
    assert broken(decided(judged(after, history)), history) == []


def test_what_changes_after_an_adoption_has_named_it_is_found_again() -> None:
    before = unreadable(chain(3), 2)
    made = decided(judged(before, WHOLE))
    files = [f for f in files_of(made) if f.sequence != 2]
    again = with_trusted(made, [*files, LedgerFile(path(2), 2, digest_bytes(b"other"))])
    assert 2 in broken(again, WHOLE)
    assert ("ledger.rewritten", "000002.json") in found(again)
    assert 2 in broken(with_trusted(made, files), changed(made, 2)), "it was removed since"
    restored = with_trusted(made, [*files, files_of(chain(3))[1]])
    assert ("ledger.rewritten", "000002.json") in found(restored), "it was named otherwise"


def test_an_adoption_that_is_broken_itself_settles_nothing() -> None:
    before = decided(judged(unreadable(chain(3), 2), WHOLE))
    forged = replace(before, records=(*before.records[:-1],
                                      replace(before.records[-1], stated_id="x")))  # fmt: skip
    assert broken(forged, WHOLE) == [2, 3, 4]
    assert broken(edited(before, -1, reason="x"), changed(before, 4)) == [2, 3, 4]


def test_a_record_settles_neither_itself_nor_later_ones_nor_those_of_others() -> None:
    made = chain(2)
    names = {path(2): made.records[1].digest, path(3): None, "ledger/prod/x/000001.json": None}
    decision = structs.replace(made.records[1].decision, broken_records=names)
    forged = replace(made, records=(made.records[0], replace(record_of(decision), stated_id="x")))
    assert broken(with_trusted(forged, files_of(forged))) == [2]
    assert found(forged) == [("ledger.id", "000002.json")]

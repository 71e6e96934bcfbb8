"""A chain of records: whatever is removed, edited or put in between is found."""

from dataclasses import replace
from typing import Any

from msgspec import structs

from lockstep.model.canonical import digest_bytes
from lockstep.model.decision import Action, Decision, Phase, Position, Record, Target
from lockstep.model.fleet import Family
from lockstep.model.record import read_record, write_record
from lockstep.model.times import parse_time
from lockstep.rollout.chain import verify_chain
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.position import current_variants
from tests.unit.fleets import digest_of, family, recorded

NOW = parse_time("2026-03-01T08:00:00Z")


def chain(length: int) -> Family:
    made = family()
    for _ in range(length):
        decision = next_decision(
            made, Action.ADOPT, Position(Phase.STEADY), Target("1", digest_of("1")),
            current_variants(made), "because",
            DecisionContext(NOW, "a <a@example.com>", None),
        )  # fmt: skip
        made = recorded(made, decision)
    return made


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

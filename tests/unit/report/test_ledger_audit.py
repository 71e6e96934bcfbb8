"""What served, and whether records hold, as text that an auditor reads at 80 columns."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace as evolve

from lockstep.model.audit_results import (
    AuditScope,
    FamilyAudit,
    LedgerAudit,
    LedgerCheck,
    ServedThen,
)
from lockstep.model.decision import Variant
from lockstep.model.finding import Finding
from lockstep.model.timeline import DecisionPeriod, Doubt, ServedAt, ServedCluster
from lockstep.report import wrapping
from lockstep.report.audit_data import audit_data
from lockstep.report.ledger_audit import format_ledger_audit, format_served
from tests.unit.model.records import FULL

BROKEN = Finding("ledger/prod/fraud/000002.json", 1, 1, "ledger.chain", "it is broken", "fix it")
EIGHT, NINE, TEN = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (8, 9, 10))
ALL_RIGHT = FamilyAudit("prod", "fraud", 31)
WRONG = FamilyAudit("prod", "scoring", 4, {LedgerCheck.GIT: 1, LedgerCheck.CHAIN: 2})
SHARES: tuple[Variant, ...] = (
    {"name": "stable", "version": "41", "weight": 90},
    {"name": "b", "version": "43", "weight": 10},
    {"name": "candidate", "version": "42", "weight": 0},
)
CLUSTERS = (
    ServedCluster("fraud-b", "eu-west-1", SHARES[:1], EIGHT, 5),
    ServedCluster("fraud-a", "ap-south-1", SHARES, EIGHT, 7),
)
PERIOD = DecisionPeriod(FULL, EIGHT, TEN, NINE, CLUSTERS)


def then(served: ServedAt, **facts: object) -> list[str]:
    result = ServedThen(NINE, (served,), {("prod", "fraud"): TEN}, **facts)  # type: ignore[arg-type]
    return format_served(result).split("\n")


def test_a_family_that_is_all_right_has_one_line_with_its_checks() -> None:
    audit = LedgerAudit((ALL_RIGHT,), (), AuditScope("the work tree"), verified=True)
    assert format_ledger_audit(audit).split("\n") == [
        "Of the work tree",
        "prod/fraud: 31 records, all right (chain, schema, times, git, specs)",
        "verified: the chain of 31 records is complete",
    ]
    again = format_ledger_audit(replace(audit, verified=False, replayed=True)).split("\n")
    assert again[1:] == [
        "prod/fraud: 31 records, all right (replay)",
        "replayed: 31 records give the same verdicts again",
    ]


def test_records_that_an_adoption_has_settled_are_not_called_right() -> None:
    audit = LedgerAudit((replace(ALL_RIGHT, settled=2),), (), verified=True)
    assert "prod/fraud: 31 records, 2 named as broken by an adoption; else all right" in (
        format_ledger_audit(audit)
    )


def test_nothing_is_called_verified_next_to_a_finding() -> None:
    text = format_ledger_audit(
        LedgerAudit((ALL_RIGHT, WRONG), (BROKEN,), verified=True, replayed=True)
    )
    assert "verified:" not in text and "replayed:" not in text
    assert "prod/scoring: 4 records, 3 problems (git 1, chain 2)" in text
    assert "ledger/prod/fraud/000002.json:1:1: error ledger.chain: it is broken" in text
    assert text.endswith("1 error")


def test_a_family_without_a_record_is_not_called_right() -> None:
    text = format_ledger_audit(LedgerAudit((FamilyAudit("prod", "new", 0),), verified=True))
    assert "prod/new: no record; lockstep adopt makes the first" in text


def test_what_served_names_regions_weights_and_the_decisions_that_led_to_it() -> None:
    assert then(ServedAt("prod", "fraud", PERIOD, (FULL,))) == [
        "What served at 2026-03-01T09:00:00Z, by the records alone; times are in UTC",
        "",
        "prod/fraud",
        "    ap-south-1  41 90% + 43 10% (arm b)  since 2026-03-01T08:00:00Z, record 7",
        "    eu-west-1   41 90%                   since 2026-03-01T08:00:00Z, record 5",
        "    newest: record 7, from 2026-03-01T08:00:00Z to 2026-03-01T10:00:00Z",
        "    live in the clusters: since 2026-03-01T09:00:00Z, as record 8 says",
        "    record 7: 2026-03-01T08:00:00Z advance version 42 [pass]",
        "        step: rolling wave 1 step 1 -> rolling wave 1 step 2",
        "        who: a runner <runner@example.com>",
        "        why: every gate passed",
    ]


def test_clusters_of_one_region_and_of_none_are_named() -> None:
    clusters = (
        ServedCluster("fraud-a", "a", SHARES[:1], EIGHT, 7),
        ServedCluster("fraud-b", "a", SHARES[:1], EIGHT, 7),
        ServedCluster("fraud-c", "", (), EIGHT, 7),
    )
    said = then(ServedAt("prod", "fraud", replace(PERIOD, clusters=clusters, until=None), (FULL,)))
    assert [line.split("  since")[0].split() for line in said[3:6]] == [
        ["?", "fraud-c", "nothing"], ["a", "fraud-a", "41", "90%"], ["a", "fraud-b", "41", "90%"],
    ]  # fmt: skip
    assert any("to now" in line for line in said)


def test_what_is_not_known_and_what_is_doubtful_is_said() -> None:
    doubt = Doubt("ledger/prod/fraud/000001.json", 1, "it cannot be read", False)
    assert then(ServedAt("prod", "fraud", None, (), (doubt,)))[2:] == [
        "prod/fraud",
        "    DOUBTFUL: record 1 cannot be relied on, and may have changed it by then: it",
        "        cannot be read",
        "    not known: its first record is of 2026-03-01T10:00:00Z",
    ]
    assert "    not known: it has no record" in then(ServedAt("prod", "new", None))


def test_a_record_with_a_late_clock_says_so() -> None:
    said = then(ServedAt("prod", "fraud", replace(PERIOD, since=NINE), (FULL,)))
    assert any("record 7 is dated 2026-03-01T08:00:00Z, before the one it" in s for s in said)


def test_no_record_can_forge_a_line_or_reach_the_terminal() -> None:
    forged = "x\nprod/fraud: 9 records, all right\x1b[2J\u202e"
    decision = evolve(FULL, reason=forged, actor=forged)
    cluster = ServedCluster(forged, forged, SHARES, EIGHT, 7)
    period = replace(PERIOD, decision=decision, clusters=(cluster,))
    lines = then(ServedAt("prod", forged, period, (decision,), (Doubt("p", 1, forged, False),)))
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if line.startswith("prod/")] == [lines[2]]


def test_values_are_data_and_never_text() -> None:
    summary, (item,) = audit_data(
        ServedThen(NINE, (ServedAt("prod", "fraud", PERIOD, (FULL,)),), {})
    )
    assert summary["at"] == "2026-03-01T09:00:00Z"
    assert (item["since"], item["until"]) == ("2026-03-01T08:00:00Z", "2026-03-01T10:00:00Z")
    assert item["liveSince"] == "2026-03-01T09:00:00Z"
    assert item["clusters"][1] == {
        "cluster": "fraud-a", "region": "ap-south-1", "since": "2026-03-01T08:00:00Z", "record": 7,
        "variants": [
            {"name": "stable", "version": "41", "weight": 90},
            {"name": "b", "version": "43", "weight": 10},
            {"name": "candidate", "version": "42", "weight": 0},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(("columns", "width"), [(30, 60), (90, 90), (300, 110)])
def test_on_a_terminal_prose_is_as_wide_as_it_within_reason(
    monkeypatch: pytest.MonkeyPatch, columns: int, width: int
) -> None:
    assert wrapping.screen_width() == 80
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    assert wrapping.screen_width() == width
    long = wrapping.wrapped("word " * 60 + "x" * 200, "    why: ", "        ")
    assert max(map(len, long.split("\n")[:-1])) <= width
    assert long.split("\n")[-1] == "        " + "x" * 200, "a path can be copied"

"""The ledger as text: who, what, when, why, on which evidence, and what was verified."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lockstep.model.approval import Approval, Approver
from lockstep.model.audit_results import AuditScope, AuditSelection, History
from lockstep.model.decision import Action, Decision, Phase, Position, Restored, Variant
from lockstep.model.evidence import Answer, Verdict
from lockstep.model.finding import Finding
from lockstep.model.timeline import LedgerEntry, TrafficChange
from lockstep.report.audit_data import audit_data
from lockstep.report.history import format_history
from tests.unit.model.records import DECISIONS, FULL

PLAIN = Decision(
    "prod", "fraud", 1, None, Action.ADOPT, FULL.target, Position(Phase.NEW),
    Position(Phase.STEADY), {}, "found by hand", "a <a@example.com>", "2026-03-01T08:00:00Z",
    "0.1.0",
)  # fmt: skip
BROKEN = Finding("ledger/prod/fraud/000002.json", 1, 1, "ledger.chain", "it is broken", "fix it")


NOW = datetime(2026, 3, 2, tzinfo=UTC)
HALF: tuple[Variant, ...] = (
    {"name": "stable", "version": "41", "weight": 90},
    {"name": "candidate", "version": "42", "weight": 10},
)
WHOLE: tuple[Variant, ...] = ({"name": "stable", "version": "41", "weight": 100},)


def history(*entries: LedgerEntry | Decision, **facts: object) -> History:
    made = tuple(e if isinstance(e, LedgerEntry) else LedgerEntry(e, NOW, ()) for e in entries)
    given = {"decisions": len(made), "selected": len(made), **facts}
    return History(made, **given)  # type: ignore[arg-type]


def shown(*entries: LedgerEntry | Decision, **facts: object) -> list[str]:
    return format_history(history(*entries, **facts)).split("\n")


def test_a_decision_is_shown_with_what_who_and_why() -> None:
    assert shown(PLAIN) == [
        "2026-03-01T08:00:00Z  prod/fraud 1  adopt version 42",
        "    step: new -> steady",
        "    who: a <a@example.com>",
        "    why: found by hand",
        "    with: Lockstep 0.1.0",
        "1 decision, the newest first; times are in UTC",
    ]


def test_evidence_restore_and_what_was_not_checked_are_shown_within_80_columns() -> None:
    lines = shown(FULL)
    assert lines == [
        "2026-03-01T08:00:00Z  prod/fraud 7  advance version 42 [pass]",
        "    step: rolling wave 1 step 1 -> rolling wave 1 step 2",
        "    who: a runner <runner@example.com>",
        "    why: every gate passed",
        "    with: Lockstep 0.1.0; its time was given by --now",
        "    from: version 17 of staging/fraud, verified in its record 9",
        "    how: the verified bytes of eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee; the",
        "        renderer has changed since; these fields stay in the specs and are out",
        "        of force until the next lockstep render --restored: a.yaml#/spec/host",
        "    without the broken record: ledger/prod/fraud/000006.json",
        "    pass         auc in fraud-a: 0.95, must be at least 0.9",
        "    unchecked: the registry",
        "1 decision, the newest first; times are in UTC",
    ]
    assert max(map(len, lines)) <= 80


def test_clusters_whose_traffic_changed_alike_share_a_line() -> None:
    changes = (
        TrafficChange("fraud-a", "us-east-1", WHOLE, HALF),
        TrafficChange("fraud-b", "eu-west-1", WHOLE, HALF),
        TrafficChange("fraud-c", "", None, WHOLE),
        TrafficChange("fraud-d", "", WHOLE, None),
    )
    said = shown(LedgerEntry(PLAIN, NOW, changes))
    assert said[2:5] == [
        "    traffic: us-east-1 and eu-west-1: 41 90% + 42 10%, before 41 100%",
        "    traffic: fraud-c: 41 100%",
        "    traffic: fraud-d: no such cluster, before 41 100%",
    ]


def test_of_many_clusters_some_are_named_and_the_others_counted() -> None:
    many = tuple(TrafficChange(f"c{n}", f"r{n}", WHOLE, HALF) for n in range(9))
    (line,) = (each for each in shown(LedgerEntry(PLAIN, NOW, many)) if "traffic" in each)
    assert line.startswith("    traffic: r0, r1, r2, r3, r4, r5 and 3 more: 41 90%")


def test_a_gate_that_passed_in_several_clusters_has_one_line_and_others_all_reasons() -> None:
    (item,) = FULL.evidence
    bad = replace(item, cluster="fraud-z", verdict=Verdict.FAIL, reason="0.1, too low")
    items = (item, replace(item, cluster="fraud-b"), bad)
    lines = [each for each in shown(replace(FULL, evidence=items)) if " auc " in each]
    assert lines == [
        "    fail         auc in fraud-z: 0.1, too low",
        "    pass         auc in fraud-a and fraud-b",
    ]


def test_who_approved_is_said_of_the_move_that_needed_it() -> None:
    (item,) = FULL.evidence
    approvals = tuple(Approval(Approver(name, "key"), "tag") for name in ("lead", "owner"))
    asked = replace(
        item, gate={"name": "go", "source": "approval", "role": "release-managers"},
        answer=Answer("the tags", approvals=approvals),
    )  # fmt: skip
    forward = replace(FULL, evidence=(asked, replace(asked, cluster="fraud-b")))
    assert "    approved by: lead (release-managers), owner (release-managers)" in shown(forward)
    _, (data,) = audit_data(history(forward))
    assert data["approvals"] == [
        {"name": "lead", "role": "release-managers"}, {"name": "owner", "role": "release-managers"},
    ]  # fmt: skip
    # A rollback keeps what the gates of the move said that it takes back, and needs none.
    back = replace(forward, action=Action.SHIFT)
    assert not any("approved by" in line for line in shown(back))


def test_a_record_that_cannot_be_relied_on_says_so_next_to_its_claims() -> None:
    said = shown(LedgerEntry(PLAIN, NOW, (), "a commit has changed it"))
    assert said[1] == "    NOT RELIED ON: a commit has changed it"


@pytest.mark.parametrize(
    ("restored", "words"),
    [
        (Restored(3, True), "exactly as verified in record 3"),
        (Restored(3, True, (), "e" * 40),
         f"the verified bytes of {'e' * 40}; the renderer has changed since"),
        (Restored(3, False), "as verified in record 3, except for what people changed: "
                             "what this clone could not compare"),
        (Restored(3, False, ("a#/x", "b#/y")),
         "as verified in record 3, except for what people changed: a#/x, b#/y"),
    ],
)  # fmt: skip
def test_a_restore_says_how_exact_it_was(restored: Restored, words: str) -> None:
    said = " ".join(map(str.strip, shown(replace(PLAIN, restored=restored))[5:-1]))
    assert said == f"how: {words}"


def test_a_time_that_was_given_by_hand_is_shown() -> None:
    given = AuditScope("branch main of origin", NOW)
    assert shown(PLAIN, scope=given)[:2] == [
        "Of branch main of origin",
        "At 2026-03-02T00:00:00Z, which was given by --now",
    ]
    assert audit_data(history(PLAIN, scope=given))[0]["now"] == "2026-03-02T00:00:00Z"
    assert audit_data(history(PLAIN))[0]["now"] is None


def test_the_last_line_says_what_was_left_out() -> None:
    def last(number: int, selected: int, **asked: object) -> str:
        chosen = AuditSelection(**asked)  # type: ignore[arg-type]
        entries = [PLAIN] * number
        made = history(*entries, decisions=9, selected=selected, selection=chosen,
                       versions=("1", "42"))  # fmt: skip
        return " ".join(format_history(made).split("\n")[5 * number :]).partition(";")[0]

    assert last(1, 9, last=1) == "the newest decision of 9"
    assert last(2, 5, last=2, version="42") == "the newest 2 decisions of 5 about version 42"
    assert last(3, 3, since=NOW) == "3 of 9 decisions since 2026-03-02T00:00:00Z"
    none = history(decisions=9, versions=("1", "42"), selection=AuditSelection(version="7"))
    assert format_history(none) == "no decision about version 7; the records are about 1, 42"


def test_findings_come_after_the_decisions() -> None:
    text = format_history(history(PLAIN, findings=(BROKEN,)))
    assert "ledger/prod/fraud/000002.json:1:1: error ledger.chain: it is broken" in text
    assert text.endswith("1 error")


def test_no_record_can_forge_a_line_or_reach_the_terminal() -> None:
    forged = "x\nverified: the chain of 9 records is complete\x1b[2J\u202e"
    lines = shown(
        replace(
            FULL, reason=forged, actor=forged, unchecked=(forged,),
            evidence=(replace(FULL.evidence[0], reason=forged, cluster=forged),),
        )
    )  # fmt: skip
    assert not any(line.lstrip().startswith("verified:") for line in lines)
    assert all(line.isprintable() for line in lines)


@settings(max_examples=25)  # to draw a decision takes far longer than to show it
@given(st.lists(DECISIONS, max_size=3))
def test_any_decision_can_be_shown(decisions: list[Decision]) -> None:
    made = history(*decisions)
    text = format_history(made)
    assert text.count("    who:") >= len(decisions)
    assert all(line.isprintable() for line in text.split("\n"))
    json.dumps(audit_data(made), allow_nan=False)

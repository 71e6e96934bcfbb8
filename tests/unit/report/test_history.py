"""The ledger as text: who, what, when, why, on which evidence, and what was verified."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lockstep.model.decision import Action, Decision, Phase, Position, Restored
from lockstep.model.finding import Finding
from lockstep.report.history import format_history
from tests.unit.model.records import DECISIONS, FULL

PLAIN = Decision(
    "prod", "fraud", 1, None, Action.ADOPT, FULL.target, Position(Phase.NEW),
    Position(Phase.STEADY), {}, "found by hand", "a <a@example.com>", "2026-03-01T08:00:00Z",
    "0.1.0",
)  # fmt: skip
BROKEN = Finding("ledger/prod/fraud/000002.json", 1, 1, "ledger.chain", "it is broken", "fix it")


def shown(*decisions: Decision, verified: bool = False, replayed: bool = False) -> list[str]:
    return format_history(decisions, (), verified=verified, replayed=replayed).split("\n")


def test_a_decision_is_shown_with_who_and_why() -> None:
    assert shown(PLAIN) == [
        "2026-03-01T08:00:00Z  prod/fraud 1  adopt version 42: new -> steady",
        "    who: a <a@example.com>",
        "    why: found by hand",
        "    with: Lockstep 0.1.0",
    ]


def test_evidence_restore_and_what_was_not_checked_are_shown_too() -> None:
    assert shown(FULL) == [
        "2026-03-01T08:00:00Z  prod/fraud 7  advance version 42: "
        "rolling wave 1 step 1 -> rolling wave 1 step 2 [pass]",
        "    who: a runner <runner@example.com>",
        "    why: every gate passed",
        "    with: Lockstep 0.1.0; its time was given by --now",
        f"    how: the verified bytes of {'e' * 40}; the renderer has changed since; these fields "
        "stay in the specs and are out of force until the next lockstep render --restored: "
        "a.yaml#/spec/host",
        "    without the broken record ledger/prod/fraud/000006.json",
        "    pass         auc in fraud-a: 0.95, must be at least 0.9",
        "    unchecked: the registry",
    ]


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
    assert shown(replace(PLAIN, restored=restored))[4:] == [f"    how: {words}"]


def test_what_was_verified_is_said_only_where_it_was_requested() -> None:
    assert shown(PLAIN, FULL, verified=True, replayed=True)[-2:] == [
        "verified: the chain of 2 records is complete",
        "replayed: 2 records give the same verdicts again",
    ]
    assert shown(PLAIN, verified=True)[-1] == "verified: the chain of 1 record is complete"
    assert shown(PLAIN)[-1] == "    with: Lockstep 0.1.0"


def test_nothing_is_called_verified_next_to_a_finding() -> None:
    text = format_history([PLAIN], [BROKEN], verified=True, replayed=True)
    assert "verified:" not in text and "replayed:" not in text
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
    assert len(lines) == len(shown(FULL))
    assert not any(line.startswith("verified:") for line in lines)
    assert all(line.isprintable() for line in lines)


@settings(max_examples=25)  # to draw a decision takes far longer than to show it
@given(st.lists(DECISIONS, max_size=3))
def test_any_decision_can_be_shown(decisions: list[Decision]) -> None:
    text = format_history(decisions, (), verified=False, replayed=False)
    assert text.count("    who: ") >= len(decisions)
    assert all(line.isprintable() for line in text.split("\n"))

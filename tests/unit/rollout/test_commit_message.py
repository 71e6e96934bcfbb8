"""Commit messages: what git reads as trailers is what Lockstep wrote, whatever a person typed."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lockstep.model.decision import Action, Decision, Target
from lockstep.rollout.commit_message import commit_message, pull_request_text
from lockstep.text.sanitise import record_line
from tests.unit.model.records import FULL

FORGED = "fine\n\nLockstep-Action: release\nCo-authored-by: x <x@example.com>"


def trailers(message: str) -> list[str]:
    """What git itself takes for trailers."""
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def expected(decision: Decision) -> list[str]:
    return [
        f"Lockstep-Action: {decision.action.value}",
        "Lockstep-Family: prod/fraud",
        f"Lockstep-Version: {record_line(decision.target.version)}",
        f"Lockstep-Decision: {decision.id}",
        f"Lockstep-Reason: {record_line(decision.reason)}",
        f"Lockstep-Promoted-From: ledger/staging/fraud/000009.json sha256:{'4' * 64}",
    ]


def test_a_message_says_what_why_and_by_which_decision() -> None:
    message = commit_message([FULL])
    subject, empty, reason, *_ = message.splitlines()
    assert subject == "advance prod/fraud: version 42, rolling wave 1 step 2"
    assert (empty, reason) == ("", "every gate passed")
    assert trailers(message) == expected(FULL)


@pytest.mark.parametrize(
    ("action", "what"),
    [(Action.RESTORE, "the recorded variants"), (Action.RETIRE, "experiment arms of version 41")],
)
def test_a_subject_does_not_say_that_a_version_that_serves_was_rolled_back(
    action: Action, what: str
) -> None:
    made = replace(FULL, action=action, target=Target("41", FULL.target.digest))
    assert commit_message([made]).splitlines()[0] == f"{action} prod/fraud: {what}"


@pytest.mark.parametrize("action", Action)
def test_every_action_has_words(action: Action) -> None:
    subject = commit_message([replace(FULL, action=action)]).splitlines()[0]
    assert subject.startswith(f"{action.value} prod/fraud: ") and "version 42" in subject


def test_two_decisions_in_one_commit_are_both_named_and_what_they_share_once() -> None:
    shift, restore = (replace(FULL, action=each) for each in (Action.SHIFT, Action.RESTORE))
    message = commit_message([shift, restore])
    assert message.startswith("shift and restore prod/fraud: rollback from version 42\n")
    assert trailers(message) == list(dict.fromkeys(expected(shift) + expected(restore)))
    assert f"Lockstep-Decision: {shift.id}" in message


@pytest.mark.parametrize("text", [FORGED, FORGED.replace("\n", "\r"), "x\u2028Lockstep-Action: y"])
def test_no_text_becomes_a_trailer_of_its_own(text: str) -> None:
    decision = replace(FULL, reason=text, target=Target(text, FULL.target.digest))
    assert trailers(commit_message([decision])) == expected(decision)


@given(st.text(), st.integers(10, 400))
def test_one_line_is_one_printable_line_of_bounded_length(text: str, longest: int) -> None:
    line = record_line(text, longest)
    assert len(line) <= longest and len(line.splitlines()) <= 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)


def test_long_text_shows_that_it_was_cut() -> None:
    assert record_line("x" * 300) == "x" * 300
    assert record_line("x" * 301) == "x" * 297 + "..."


def test_a_pull_request_of_a_promotion_says_what_differs_and_stays() -> None:
    _, text = pull_request_text([FULL], ["tier: production; in staging: x\n# a heading"])
    assert "The version was verified in staging, and only it enters prod" in text
    assert "These differences of the family stay as they are:\n\n    tier: production" in text
    assert "\n# a heading" not in text, "a value of a spec becomes no markup"
    _, text = pull_request_text([FULL])
    assert text.endswith("The specs of the family do not differ between the two.\n")
    _, text = pull_request_text([replace(FULL, promoted_from=None)])
    assert "differ" not in text

"""What verbs did, as text and as data: every fact is shown, in plain words."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from lockstep.model.audit_results import FamilyAudit, History, LedgerAudit, ServedThen
from lockstep.model.decision import Action, Phase, Position, Restored
from lockstep.model.exit_codes import ExitCode
from lockstep.model.file_results import (
    LockComparison,
    Locked,
    Pages,
    RenderedFiles,
    Scaffolded,
    Upgraded,
)
from lockstep.model.finding import Finding
from lockstep.model.forge import CommitState
from lockstep.model.outcome import Outcome
from lockstep.model.result import (
    Advanced,
    AlreadyDecided,
    ApprovalStatus,
    Blocked,
    Comment,
    Commented,
    Decided,
    Due,
    Failed,
    NotDue,
    NothingToDo,
    NotLive,
    NotMade,
    Offer,
    OnBranch,
    Placed,
    Promoted,
    Proposed,
    Result,
    RolledBack,
    Waiting,
)
from lockstep.model.timeline import LedgerEntry, ServedAt
from lockstep.model.tool_results import FetchedModel
from lockstep.report.result_data import family_to_data, to_envelope
from lockstep.report.results import format_text
from tests.unit.model.records import FULL

TARGET = FULL.target.version
PLAIN = structs.replace(FULL, promoted_from=None)
SHIFT = structs.replace(
    FULL, action=Action.SHIFT, to=Position(Phase.SHIFTED), reason="too slow", restored=None,
    unchecked=(),
    evidence=(),
)  # fmt: skip
RESTORE = structs.replace(
    SHIFT, action=Action.RESTORE, to=Position(Phase.STEADY), restored=Restored(3, True)
)
EVIDENCE = "  pass         auc in fraud-a: 0.95, must be at least 0.9"
WAITING = Waiting(
    "prod/fraud", "rolling wave 1 step 1", "wait", "baking", FULL.evidence, ExitCode.GATE_CLOSED
)


def to_data(result: Result, verb: str = "advance") -> Any:
    return to_envelope(result, verb).to_data()


def lines(result: Decided | Waiting) -> list[str]:
    return format_text(result).split("\n")


@pytest.mark.parametrize(
    ("action", "head"),
    [
        (Action.ADVANCE, f"version {TARGET} moves to wave 1 step 2"),
        (Action.VERIFY, f"version {TARGET} is verified"),
        (Action.ADOPT, "adopted as it is"),
        (Action.RELEASE, f"version {TARGET} is released from quarantine"),
        (Action.HOLD, f"version {TARGET} is held at wave 1 step 2"),
        (Action.RESUME, f"version {TARGET} resumes at wave 1 step 2"),
    ],
)
def test_a_decision_is_shown_with_its_reason(action: Action, head: str) -> None:
    text = lines(Decided((structs.replace(FULL, action=action),)))
    assert text[0] == f"prod/fraud: {head}: every gate passed"
    moving = (Action.ADVANCE, Action.VERIFY, Action.ADOPT)
    assert ("  fraud-a: stable 41@100" in text) is (action in moving)
    assert (EVIDENCE in text) is (action in (Action.ADVANCE, Action.VERIFY))


@pytest.mark.parametrize(("action", "head"), [(Action.HOLD, "is held"), (Action.RESUME, "resumes")])
def test_a_proposal_that_is_held_has_no_step_yet(action: Action, head: str) -> None:
    decision = structs.replace(FULL, action=action, to=Position(Phase.HELD))
    assert lines(Decided((decision,)))[0].startswith(f"prod/fraud: version {TARGET} {head}: ")


def test_decisions_as_data_name_the_record() -> None:
    data = family_to_data(Decided((FULL,)))
    decision = {
        "family": "prod/fraud", "action": "advance", "version": TARGET, "to": FULL.to.to_json(),
        "decision": FULL.id, "record": FULL.path, "reason": "every gate passed",
    }  # fmt: skip
    assert data == {
        "family": "prod/fraud", "outcome": "decided", "exitCode": 0, "reason": "every gate passed",
        "decisions": [decision],
    }  # fmt: skip
    opened = Offer("https://git.example.com/ml/fleet/pulls/7", 7, created=True)
    assert family_to_data(Proposed(PLAIN, "lockstep/x", opened)) == {
        **data, "outcome": "proposed", "branch": "lockstep/x",
        "pullRequest": {
            "url": opened.url, "number": 7, "created": True,
            "problem": "", "fix": "", "failed": False,
        },
        "evidence": [FULL.evidence[0].to_json()],
    }  # fmt: skip


def test_a_work_tree_that_could_not_follow_is_reported() -> None:
    shown = format_text(OnBranch("branch main of origin", (WAITING,), "git is busy")).split("\n")
    assert shown[0] == "On branch main of origin"
    assert shown[-2:] == [
        "It is published, but this clone does not show it yet: git is busy",
        "  bring it up to date with git pull",
    ]


def test_a_rollback_names_both_halves_and_the_quarantine() -> None:
    assert lines(RolledBack((SHIFT, RESTORE), unchecked=("registry: away",))) == [
        f"prod/fraud: version {TARGET} is rolled back: too slow",
        "  shift: all traffic goes to the running stable version",
        "  restore: every cluster as verified in record 3 (the verified bytes)",
        "  unchecked: registry: away",
        f"  quarantine: version {TARGET} cannot be proposed until lockstep release",
    ]
    again = structs.replace(RESTORE, restored=Restored(3, False))
    assert "  restore: every cluster as verified in record 3 (rendered again)" in lines(
        RolledBack((again,))
    )


def test_a_rollback_without_quarantine_says_what_it_was() -> None:
    for phase, head in (
        (Phase.PROPOSED, f"the proposal of version {TARGET} is withdrawn"),
        (Phase.STEADY, "the recorded variants are back"),
    ):
        restore = structs.replace(RESTORE, source=Position(phase))
        assert lines(RolledBack((restore,), quarantined=False)) == [
            f"prod/fraud: {head}: too slow",
            "  restore: every cluster as verified in record 3 (the verified bytes)",
        ]


def test_retired_arms_are_shown_with_the_weights_after_them() -> None:
    retire = structs.replace(SHIFT, action=Action.RETIRE, to=FULL.source)
    assert lines(RolledBack((retire,))) == [
        f"prod/fraud: the experiment arms of version {TARGET} are retired: too slow",
        "  their weight returns to the roles",
        "  fraud-a: stable 41@100",
        f"  quarantine: version {TARGET} cannot be proposed until lockstep release",
    ]


def test_a_revert_with_nothing_to_do_shows_the_commands_that_would() -> None:
    command = "lockstep revert prod/fraud 41 --reason '...'"
    nothing = NothingToDo("prod/fraud", "no rollout", ExitCode.GATE_CLOSED, (command,))
    assert format_text(nothing) == f"prod/fraud: no rollout\n  {command}"
    assert family_to_data(nothing) == {
        "family": "prod/fraud", "outcome": "nothing-to-do", "exitCode": 12, "decisions": [],
        "reason": "no rollout", "commands": [command],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("restored", "how", "fields"),
    [
        (Restored(3, False, ("a.yaml#/x",)), "rendered again",
         "people have changed these fields since, and they stay"),
        (Restored(3, True, ("a.yaml#/x",), "e" * 40), "the verified bytes",
         "these fields stay in the specs and are out of force until the next "
         "lockstep render --restored"),
    ],
)  # fmt: skip
def test_a_rollback_names_the_fields_that_people_changed(
    restored: Restored, how: str, fields: str
) -> None:
    text = lines(RolledBack((structs.replace(RESTORE, restored=restored),)))
    assert text[1:4] == [
        f"  restore: every cluster as verified in record 3 ({how})",
        f"  {fields}:",
        "    a.yaml#/x",
    ]


def test_what_could_not_be_checked_is_said_once() -> None:
    shift = structs.replace(SHIFT, unchecked=("registry: away", "rendered again"))
    text = lines(RolledBack((shift, RESTORE), unchecked=("registry: away",)))
    assert [line for line in text if "unchecked" in line] == [
        "  unchecked: registry: away", "  unchecked: rendered again",
    ]  # fmt: skip


def test_a_dry_run_shows_the_decision_and_that_it_was_not_made() -> None:
    step = structs.replace(FULL, action=Action.ADVANCE, restored=None)
    made = NotMade(Decided((step,)))
    first, second, *_ = format_text(made).split("\n")
    assert first == f"prod/fraud: NOT MADE, as this is a dry run: decision {step.id}"
    assert second.startswith(f"  it would be: prod/fraud: version {TARGET} moves to wave 1 step 2")
    data = family_to_data(made)
    assert data["outcome"] == "dry-run" and data["decisions"][0]["decision"] == step.id
    assert made.exit_code is ExitCode.CLEAN


def test_what_is_not_live_says_so_first() -> None:
    shown = format_text(NotLive(RolledBack((SHIFT, RESTORE)), "lockstep/x", "main is protected"))
    head, refused, *rest = shown.split("\n")
    assert head == "prod/fraud: NOT LIVE: it is on branch lockstep/x, which is to be merged"
    assert refused == "  main is protected"
    assert all(line.startswith("  once it is merged: ") for line in rest) and len(rest) == 4
    offer = Offer("https://git.example.com/ml/fleet/pulls/7", 7, created=True)
    offered = NotLive(RolledBack((SHIFT, RESTORE)), "lockstep/x", "main is protected", offer)
    assert format_text(offered).split("\n")[2] == f"  pull request 7: {offer.url}"
    assert family_to_data(offered)["pullRequest"]["number"] == 7


def test_a_restore_that_waits_says_for_what() -> None:
    text = lines(RolledBack((SHIFT,), restore_waits_for="version 1 is gone"))
    assert text[2] == "  the restore waits: version 1 is gone. Fix it, then run lockstep advance"
    assert not any("as verified" in line for line in text)


def test_waiting_shows_the_evidence_and_who_to_notify() -> None:
    assert lines(WAITING) == ["prod/fraud: rolling wave 1 step 1: baking", EVIDENCE]
    text = lines(replace(WAITING, notify="a team", skew_breached=True))
    assert text[1] == "  this needs a person: notify a team"
    assert text[2] == "  the regions have served different versions for longer than allowed"
    assert family_to_data(WAITING) == {
        "family": "prod/fraud", "outcome": "waiting", "exitCode": 12, "reason": "baking",
        "decisions": [], "position": "rolling wave 1 step 1", "move": "wait",
        "needsPerson": False, "notify": "", "skewBreached": False,
        "evidence": [FULL.evidence[0].to_json()],
    }  # fmt: skip


def test_what_is_due_and_what_is_not_are_shown_with_their_ids() -> None:
    due = Due(Decided((FULL,)))
    text = format_text(due).split("\n")
    assert text[0] == f"prod/fraud: DUE, and not made by this run: decision {FULL.id}"
    assert text[1].startswith(f"  it would be: prod/fraud: version {TARGET} moves to")
    assert text[-1] == f"  to make it: lockstep advance --decision {FULL.id}"
    other = NotDue("sha256:1", "it is not due now: baking", "prod/churn")
    assert format_text(other) == (
        "prod/churn: NOT MADE: decision sha256:1: it is not due now: baking"
    )
    data = to_data(Advanced("branch main", (due, other)))
    assert data["summary"]["due"] == [FULL.id]
    assert [each["decision"] for each in data["items"]] == [FULL.id, "sha256:1"]
    assert data["items"][1] == {
        "family": "prod/churn", "outcome": "not-due", "exitCode": 12, "reason": other.reason,
        "decisions": [], "decision": "sha256:1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, ExitCode.CLEAN),
        ({"notify": "a team"}, ExitCode.GATE_CLOSED),
        ({"for_person": True}, ExitCode.GATE_CLOSED),
        ({"skew_breached": True}, ExitCode.GATE_CLOSED),
        ({"skew_breached": True, "exit_code": ExitCode.CLEAN}, ExitCode.GATE_CLOSED),
        ({"exit_code": ExitCode.NOTHING_TO_CHECK}, ExitCode.NOTHING_TO_CHECK),
    ],
)
def test_waiting_is_clean_where_nobody_has_to_act(given: dict[str, Any], code: ExitCode) -> None:
    waiting = replace(WAITING, **given)
    assert Advanced("", (waiting,), waiting_is_clean=True).exit_code is code
    assert Advanced("", (waiting,)).exit_code is waiting.exit_code
    failed = Failed("prod/churn", "no lock", "", "", ExitCode.INVALID)
    assert Advanced("", (waiting, failed), waiting_is_clean=True).exit_code is ExitCode.INVALID


def test_each_family_of_an_advance_has_its_lines_and_its_data() -> None:
    failed = Failed("prod/churn", "no lock", "error: no lock\n  fix: lock", "lock", ExitCode.USAGE)
    blocked = Blocked("prod/x", "the rollback is blocked: no state", "a team")
    results = OnBranch("branch main", (failed, blocked, AlreadyDecided(FULL)))
    assert format_text(results).split("\n") == [
        "On branch main",
        "prod/churn: error: no lock", "  fix: lock",
        "prod/x: the rollback is blocked: no state. Notify a team",
        f"prod/fraud: advance was decided by another run ({FULL.id})",
    ]  # fmt: skip
    data = to_data(results, "revert")
    assert [(e["family"], e["outcome"], e["exitCode"], e["reason"]) for e in data["items"]] == [
        ("prod/churn", "failed", 2, "no lock"),
        ("prod/x", "blocked", 12, blocked.reason),
        ("prod/fraud", "decided-before", 0, FULL.reason),
    ]
    assert [e.get("fix") or e.get("notify") or e.get("decision") for e in data["items"]] == [
        "lock", "a team", FULL.id,
    ]  # fmt: skip
    assert (data["summary"]["followed"], data["exitCode"]) == ("branch main", 2)


def test_a_proposal_names_what_was_pushed_and_what_to_do() -> None:
    placed = Placed("0123456789abcdef" * 2 + "01234567", "origin", "main")
    assert format_text(Proposed(PLAIN, "lockstep/x", placed=placed)).split("\n") == [
        f"prod/fraud: version {TARGET} is proposed on branch lockstep/x",
        "  candidate with weight 0 in fraud-a",
        "  pass         auc in fraud-a: 0.95, must be at least 0.9",
        "  pushed to origin: branch lockstep/x is at commit 0123456789ab there",
        "  next: have the branch merged into main, then run lockstep advance prod/fraud",
    ]
    here = format_text(Proposed(PLAIN, "lockstep/x", placed=replace(placed, remote="")))
    assert "  not pushed, because this repository has no remote" in here
    opened = Proposed(PLAIN, "lockstep/x", Offer("https://git.example.com/1", 1), placed)
    assert "next: have pull request 1 merged into main" in format_text(opened)
    held = format_text(NotLive(RolledBack((SHIFT, RESTORE)), "lockstep/x", placed=placed))
    assert "  pushed to origin: branch lockstep/x is at commit 0123456789ab there" in held


def test_a_promotion_says_where_it_comes_from_and_what_stays_different() -> None:
    promoted = Proposed(FULL, "lockstep/x", differences=("tier: production; in staging: staging",))
    assert format_text(promoted).split("\n")[2:5] == [
        "  promoted from staging/fraud: its version 17, verified in record 9",
        "  only the version enters; what differs from staging stays:",
        "    tier: production; in staging: staging",
    ]
    same = format_text(Promoted((FULL,)))
    assert "  only the version enters; nothing else differs from staging" in same
    data = family_to_data(NotMade(Promoted((FULL,), differences=("a", "b"))))
    assert data["outcome"] == "dry-run" and data["differences"] == ["a", "b"]
    assert data["promotedFrom"] == {
        "family": "staging/fraud", "version": "17", "record": "ledger/staging/fraud/000009.json",
        "digest": "sha256:" + "4" * 64,
    }  # fmt: skip
    assert "promotedFrom" not in family_to_data(Proposed(PLAIN, "lockstep/x"))


def test_a_pull_request_that_is_missing_has_a_reason_and_a_fix() -> None:
    def said(offer: Offer) -> list[str]:
        return format_text(Proposed(PLAIN, "lockstep/x", offer)).split("\n")[3:-1]

    unknown = Offer(problem="no forge is known for 'git.example.com'", fix="name it")
    assert said(unknown) == [
        "  no pull request was opened: no forge is known for 'git.example.com'", "    fix: name it",
    ]  # fmt: skip
    first, fix = said(Offer(problem="Gitea is down\nnow", fix="wait", failed=True))
    assert first == "  no pull request was opened: Gitea is down\\nnow"
    assert fix.startswith("    fix: wait; then run the same again") and "by hand" in fix
    unlabelled = Offer("https://git.example.com/7", 7, problem="it has no label", fix="allow it")
    assert said(unlabelled) == [
        "  pull request 7: https://git.example.com/7", "  it has no label", "    fix: allow it",
    ]  # fmt: skip


def test_files_that_were_written_are_counted_and_listed() -> None:
    lock = Locked("locks/4.yaml", "4", "sha256:1")
    assert format_text(lock) == "locks/4.yaml: version 4 is locked (sha256:1)"
    assert to_data(lock, "lock")["items"] == [
        {"file": "locks/4.yaml", "version": "4", "digest": "sha256:1"}
    ]
    rendered = RenderedFiles(Outcome(()), ("a", "b"), ("c",))
    assert format_text(rendered) == "2 files written, 1 removed"
    assert to_data(rendered, "render")["items"] == [
        {"file": "a", "change": "written"}, {"file": "b", "change": "written"},
        {"file": "c", "change": "removed"},
    ]  # fmt: skip
    assert format_text(RenderedFiles(Outcome(()))) == "rendered/ is as the specs declare it"


def test_a_history_is_the_decisions_and_what_was_proved() -> None:
    now = datetime(2026, 3, 1, 8, tzinfo=UTC)
    history = History((LedgerEntry(FULL, now, ()),), decisions=1, selected=1)
    assert format_text(history).endswith("1 decision, the newest first; times are in UTC")
    data = to_data(history, "audit")
    assert data["items"][0]["id"] == FULL.id and data["findings"] == []
    proved = LedgerAudit((FamilyAudit("prod", "fraud", 1),), verified=True)
    assert format_text(proved).endswith("verified: the chain of 1 record is complete")
    assert to_data(proved, "audit")["summary"]["verified"] is True
    then = ServedThen(now, (ServedAt("prod", "fraud", None),), {})
    assert "not known" in format_text(then)
    assert to_data(then, "audit")["items"][0]["known"] is False


def test_compared_locks_are_a_report_with_the_exit_code_of_the_verb() -> None:
    wrong = Finding("a.yaml", 1, 1, "lock.identity", "it is another model", "register it again")
    result = LockComparison((wrong,), 3)
    assert "a.yaml:1:1: error lock.identity: it is another model" in format_text(result)
    data = to_data(result, "lock")
    assert (data["exitCode"], data["summary"]["locks"]) == (13, 3)


def test_pages_are_listed_unless_one_is_stale() -> None:
    pages = Pages(("docs/a.md", "docs/b.md"), ("docs/a.md",))
    assert format_text(pages) == "docs/a.md written\ndocs/b.md is up to date"
    assert to_data(pages, "schema docs")["items"] == [
        {"file": "docs/a.md", "written": True}, {"file": "docs/b.md", "written": False},
    ]  # fmt: skip
    stale = Finding("docs/a.md", 3, 1, "schema.docs", "the reference is out of date", "write it")
    shown = Pages(("docs/a.md",), findings=(stale,))
    assert "docs/a.md:3:1: error schema.docs: the reference is out of date" in format_text(shown)
    data = to_data(shown, "schema docs")
    assert (data["exitCode"], data["findings"][0]["file"]) == (10, "docs/a.md")


def test_a_new_fleet_shows_what_to_replace_and_to_run_next() -> None:
    result = Scaffolded(("README.md",), 3, "", "no registry", ("the image",), ("git init",))
    assert format_text(result).split("\n") == [
        "1 file for people written; 3 files rendered", "  README.md",
        "no version is locked: no registry", "replace or add", "  the image", "then run",
        "  git init",
    ]  # fmt: skip
    locked = format_text(replace(result, note="", locked="locks/2.yaml", todo=()))
    assert "locks/2.yaml: locked as the registry says" in locked and "replace" not in locked
    assert to_data(result, "init")["summary"]["commands"] == ["git init"]
    with_workflow = replace(result, written=("README.md", ".github/workflows/check.yml"))
    assert "1 file for people and 1 workflow written" in format_text(with_workflow)


def test_staged_files_are_listed_up_to_a_number() -> None:
    written = tuple(f"rendered/{number:02}" for number in range(21))
    said = format_text(RenderedFiles(Outcome(()), written, ("rendered/z",), staged=True))
    assert said.startswith("21 files written, 1 removed\n  rendered/00\n")
    assert said.endswith(
        "  and 2 more\nto commit what the staged specs declare, run git add rendered"
    )
    compared = format_text(RenderedFiles(Outcome(()), written, ("rendered/z",), compared=True))
    assert compared.startswith("22 files differ from what the specs declare; nothing was written\n")
    assert "  and 2 more\n" in compared and compared.endswith("run lockstep render")
    one = format_text(RenderedFiles(Outcome(()), ("rendered/a",), compared=True))
    assert one.startswith("1 file differs")


def test_an_upgrade_says_which_rules_find_what() -> None:
    found = Finding("a.yaml", 1, 1, "policy.no-secret", "it is a token", "use Vault")
    checked = Outcome((found,), {"clusters": 1})
    rules = (("no-secret", "No secrets"),)
    upgraded = Upgraded("0.1.0", "0.2.0", rules, (), RenderedFiles(Outcome(())), checked)
    said = format_text(upgraded)
    assert said.startswith("this fleet is pinned to 0.2.0, not to 0.1.0\n")
    assert "1 new rule:\n  no-secret (No secrets): 1 finding\n" in said
    assert "changed rule" not in said and "it is a token" in said
    changed = format_text(replace(upgraded, new=(), changed=rules))
    assert "1 changed rule:\n" in changed and "new rule" not in changed


def test_an_approval_status_says_what_counts_and_what_does_not() -> None:
    found = Finding("ledger/a.json", 1, 1, "ledger.approval", "prod/a is adopted", "approve it")
    status = ApprovalStatus(
        "main of origin", "abc", ("https://git.example.com/pulls/1",), (found,),
        CommitState.FAILURE, "nobody has approved it", ("the author cannot approve it",),
    )  # fmt: skip
    assert format_text(status).split("\n") == [
        "On main of origin", "https://git.example.com/pulls/1 has the head abc",
        "  ledger/a.json: ledger.approval: prod/a is adopted", "  the author cannot approve it",
        "lockstep/approval is failure: nobody has approved it",
    ]  # fmt: skip
    assert "lockstep/approval would be failure" in format_text(replace(status, dry_run=True))


def test_comments_are_named_by_their_address_or_shown() -> None:
    posted = Commented((Comment("https://a.example.com", created=True),
                        Comment("https://b.example.com")), "no review of 2")  # fmt: skip
    assert format_text(posted) == (
        "no review of 2\nposted: https://a.example.com\nupdated: https://b.example.com"
    )
    assert format_text(Commented((Comment(body="## Review"),))) == "## Review"


def test_a_fetched_model_says_whether_it_was_there() -> None:
    model = FetchedModel("/models/7", "sha256:1", fetched=True)
    assert format_text(model) == "/models/7: fetched and verified (sha256:1)"
    assert "was there already, and is verified again" in format_text(replace(model, fetched=False))

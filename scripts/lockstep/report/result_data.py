"""The results of verbs as data for ``--format json``."""

from collections.abc import Sequence
from dataclasses import replace

from lockstep.model.audit_results import History, LedgerAudit, ServedThen
from lockstep.model.decision import Decision
from lockstep.model.document import Json
from lockstep.model.dry_proposal import DryProposal
from lockstep.model.file_results import (
    LockComparison,
    Locked,
    Pages,
    RenderedFiles,
    Scaffolded,
    Status,
    Upgraded,
)
from lockstep.model.fleet_page import SiteWritten
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
    Moved,
    NotDue,
    NothingToDo,
    NotLive,
    NotMade,
    OnBranch,
    Placed,
    Promoted,
    Proposed,
    Result,
    Waiting,
)
from lockstep.model.review import Review
from lockstep.model.rule_results import RuleBundle, RuleExplanation, RuleList, RuleTests
from lockstep.model.times import format_time
from lockstep.model.tool_results import BuiltTool, Diagnosis, FetchedModel, Health, NewFiles
from lockstep.report.audit_data import audit_data, promoted_from_data
from lockstep.report.envelope import Envelope
from lockstep.report.json_report import outcome_envelope

_Plain = tuple[dict[str, Json], list[Json]]
"""The summary and the items of a result."""


def to_envelope(result: Result, verb: str) -> Envelope:
    """The result for machines. ``verb`` is the verb as people write it, such as ``policy list``."""
    match result:
        case LockComparison(findings, locks):
            return Envelope(verb, result.exit_code, {"locks": locks}, findings=findings)
        case RenderedFiles():
            return _rendered(result, verb)
        case Upgraded():
            return _upgraded(result, verb)
    summary, items = _plain(result)
    # Found by the name of the field: not every result has findings.
    findings = getattr(result, "findings", ())
    return Envelope(verb, result.exit_code, summary, items, findings)


def review_envelope(review: Review) -> Envelope:
    """A review for machines, and for ``lockstep comment``, which reads it back."""
    rest = review.to_json()
    summary, items = rest.pop("summary"), rest.pop("items")
    for name in ("schemaVersion", "verb", "findings"):
        del rest[name]
    return Envelope("review", review.exit_code, summary, items, review.findings, rest)


def _plain(result: Result) -> _Plain:
    match result:
        case OnBranch():
            return _on_branch(result)
        case RuleList() | RuleExplanation() | RuleTests() | RuleBundle():
            return _of_rules(result)
        case BuiltTool(name, path, version, built):
            return {}, [{"name": name, "path": path, "version": version, "built": built}]
        case FetchedModel(path, digest, fetched):
            return {}, [{"path": path, "digest": digest, "fetched": fetched}]
        case NewFiles(paths, commands):
            return {"commands": list(commands)}, _files(paths)
        case ApprovalStatus():
            return _approval(result)
        case Commented(comments, note):
            return {"note": note}, [_comment(each) for each in comments]
        case Diagnosis(probes):
            healths = [probe.health for probe in probes]
            summary = {
                "missing": healths.count(Health.MISSING), "doubtful": healths.count(Health.WARNING),
            }  # fmt: skip
            return summary, [probe.to_json() for probe in probes]
        case Locked() | Scaffolded() | Pages() | Status():
            return _of_files(result)
        case SiteWritten():
            return {
                "folder": result.folder, "families": result.families,
                "removed": list(result.removed), "shown": result.shown.to_json(),
                "at": format_time(result.now),
            }, _files(result.files)  # fmt: skip
        case History() | ServedThen() | LedgerAudit():
            return audit_data(result)
    raise TypeError(f"no verb ends with a {type(result).__name__} alone")


def _on_branch(result: OnBranch) -> _Plain:
    due = {"due": list(result.due)} if isinstance(result, Advanced) else {}
    summary = {"followed": result.followed, "leftBehind": result.left_behind, **due}
    return summary, [family_to_data(each) for each in result.results]


def family_to_data(result: Moved | Proposed) -> Json:
    """What became of one family: the same fields for every outcome, and those of its own."""
    outcome, family, reason, decisions, more = _outcome(result)
    return {
        "family": family,
        "outcome": outcome,
        "exitCode": int(result.exit_code),
        "reason": reason,
        "decisions": [_decision(each) for each in decisions],
        **more,
    }


_Outcome = tuple[str, str, str, Sequence[Decision], dict[str, Json]]
"""The word for it, the family, the reason, the decisions, and further fields."""


def _dry(result: DryProposal) -> dict[str, Json]:
    return {
        **({"branch": result.branch} if result.branch else {}),
        "version": result.version,
        "missing": [each.to_json() for each in result.missing],
        "evidence": [item.to_json() for item in result.evidence],
        "laterGates": [each.to_json() for each in result.later],
        "notChecked": list(result.unchecked),
    }


def _placed(placed: Placed | None) -> dict[str, Json]:
    """The tip of a branch, the remote that has it (null: none), and what it is merged into."""
    if placed is None:
        return {}
    return {"commit": placed.commit, "remote": placed.remote or None, "into": placed.into}


def _outcome(result: Moved | Proposed) -> _Outcome:
    match result:
        case Proposed(decision, branch, offer, placed, differences):
            more = {
                "branch": branch, **_placed(placed), "pullRequest": offer.to_json(),
                **_evidence(decision), **_promotion(decision, differences),
            }  # fmt: skip
            return _decided("proposed", (decision,), more)
        case Promoted(decisions, differences=differences):
            newest = decisions[-1]
            more = {**_evidence(newest), **_promotion(newest, differences)}
            return _decided("decided", decisions, more)
        case Decided(decisions):  # a rollback, too
            return _decided("decided", decisions, {})
        case NotLive(decided, branch, refused, offer, placed):
            more = {
                "branch": branch, **_placed(placed), "refused": refused,
                "pullRequest": offer.to_json(),
            }  # fmt: skip
            return _decided("not-live", decided.decisions, more)
        case NotMade(decided):
            *_, more = _outcome(decided)
            return _decided("dry-run", decided.decisions, more)
        case Due(decided):
            return _decided("due", decided.decisions, {"decision": result.decision.id})
        case AlreadyDecided(decision):
            word, family, reason, _, more = _decided("decided-before", (decision,), {})
            return word, family, reason, (), {**more, "decision": decision.id}
        case NotDue(decision, reason, family):
            return "not-due", family, reason, (), {"decision": decision}
        case Waiting():
            return "waiting", result.family, result.reason, (), _waiting(result)
        case Blocked(family, reason, owner):
            return "blocked", family, reason, (), {"notify": owner}
        case NothingToDo(family, reason, commands=commands):
            return "nothing-to-do", family, reason, (), {"commands": list(commands)}
        case Failed(family, error, fix=fix):
            return "failed", family, error, (), {"fix": fix}
        case DryProposal():
            made = (result.decision,) if result.decision else ()
            reason = "; ".join(each.reason for each in result.missing)
            return "dry-run", result.family, reason, made, _dry(result)


def _decided(word: str, decisions: Sequence[Decision], more: dict[str, Json]) -> _Outcome:
    newest = decisions[-1]
    return word, f"{newest.environment}/{newest.family}", newest.reason, decisions, more


def _evidence(decision: Decision) -> dict[str, Json]:
    return {"evidence": [item.to_json() for item in decision.evidence]}


def _promotion(decision: Decision, differences: Sequence[str]) -> dict[str, Json]:
    source = promoted_from_data(decision)
    return {**source, "differences": list(differences)} if source else {}


def _waiting(result: Waiting) -> dict[str, Json]:
    return {
        "position": result.position,
        "move": result.move,
        "needsPerson": result.needs_person,
        "notify": result.notify,
        "skewBreached": result.skew_breached,
        "evidence": [item.to_json() for item in result.evidence],
    }


def _of_files(result: Locked | Scaffolded | Pages | Status) -> _Plain:
    """What was written, or found in the files of a fleet."""
    match result:
        case Locked(path, version, digest):
            return {"locks": 1}, [{"file": path, "version": version, "digest": digest}]
        case Scaffolded():
            summary = {
                "rendered": result.rendered, "locked": result.locked, "note": result.note,
                "todo": list(result.todo), "commands": list(result.commands),
            }  # fmt: skip
            return summary, _files(result.written)
        case Status(families, shown=shown, now=now, side_by_side=beside):
            summary = {
                "shown": shown.to_json(), "at": now, "sideBySide": [b.to_json() for b in beside],
            }  # fmt: skip
            return summary, [each.to_json() for each in families]
        case Pages(paths, written):
            items = [{"file": path, "written": path in written} for path in paths]
            return {"written": len(written)}, items


def _files(paths: Sequence[str]) -> list[Json]:
    return [{"file": path} for path in paths]


def _rendered(result: RenderedFiles, verb: str) -> Envelope:
    report = outcome_envelope(result.outcome, verb, exit_code=result.exit_code)
    summary, items = _changes(result)
    summary["dryRun"] = result.compared
    return replace(report, summary={**report.summary, **summary}, items=items)


def _changes(result: RenderedFiles) -> _Plain:
    items: list[Json] = [{"file": path, "change": "written"} for path in result.written]
    items += [{"file": path, "change": "removed"} for path in result.removed]
    return {"written": len(result.written), "removed": len(result.removed)}, items


def _approval(result: ApprovalStatus) -> _Plain:
    summary = {
        "followed": result.followed,
        "head": result.head,
        "state": result.state.value,
        "description": result.description,
        "ignored": list(result.notes),
        "dryRun": result.dry_run,
    }
    return summary, [{"url": url} for url in result.pull_requests]


def _comment(comment: Comment) -> dict[str, Json]:
    change = "printed" if comment.body else "posted" if comment.created else "updated"
    return {"url": comment.url, "change": change, "body": comment.body}


def _upgraded(result: Upgraded, verb: str) -> Envelope:
    report = outcome_envelope(result.outcome, verb, exit_code=result.exit_code)
    changes, items = _changes(result.rendered)
    summary = {
        **report.summary,
        "before": result.before,
        "after": result.after,
        "newRules": [name for name, _ in result.new],
        "changedRules": [name for name, _ in result.changed],
        **changes,
    }
    return replace(report, summary=summary, items=items)


def _of_rules(result: RuleList | RuleExplanation | RuleTests | RuleBundle) -> _Plain:
    match result:
        case RuleList(rules):
            return {}, [facts.to_json() for facts in rules]
        case RuleExplanation():
            return {}, [_explanation(result)]
        case RuleTests(rules, passed, examples, coverage, problems):
            summary = {
                "rules": list(rules), "passed": passed, "examples": examples, "coverage": coverage,
            }  # fmt: skip
            return summary, [{"problem": text} for text in problems]
        case RuleBundle(path, digest, signed):
            return {}, [{"path": path, "digest": digest, "signed": signed}]


def _explanation(explanation: RuleExplanation) -> dict[str, Json]:
    return {
        **explanation.facts.to_json(),
        "description": explanation.description,
        "since": explanation.since,
        "blocksRevert": explanation.blocks_revert,
        "denials": [
            {"title": title, "message": says, "solution": fix}
            for title, says, fix in explanation.denials
        ],
        "examples": [{"about": e.about, "good": e.good} for e in explanation.examples],
        "thresholds": explanation.thresholds_path,
    }


def _decision(decision: Decision) -> dict[str, Json]:
    return {
        "family": f"{decision.environment}/{decision.family}",
        "action": decision.action.value,
        "version": decision.target.version,
        "to": decision.to.to_json(),
        "decision": decision.id,
        "record": decision.path,
        "reason": decision.reason,
    }

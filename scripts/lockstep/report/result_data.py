"""The results of verbs as data for ``--format json``."""

from collections.abc import Sequence

from lockstep.model.decision import Decision
from lockstep.model.document import Json
from lockstep.model.file_results import (
    History,
    LockComparison,
    Locked,
    Pages,
    RenderedFiles,
    Scaffolded,
    Status,
    Upgraded,
)
from lockstep.model.finding import Finding
from lockstep.model.outcome import Outcome
from lockstep.model.result import (
    Advanced,
    AlreadyDecided,
    ApprovalStatus,
    Blocked,
    Decided,
    Due,
    Failed,
    Moved,
    NotDue,
    NothingToDo,
    NotLive,
    NotMade,
    OnBranch,
    Proposed,
    Result,
    Waiting,
)
from lockstep.model.rule_results import RuleBundle, RuleExplanation, RuleList, RuleTests
from lockstep.model.tool_results import BuiltTool, Diagnosis, FetchedModel, NewFiles
from lockstep.report.history import decision_to_json
from lockstep.report.json_report import outcome_to_data


def to_data(result: Result) -> Json:
    """The result for machines, as plain data."""
    match result:
        case OnBranch(followed, results, behind):
            done = [to_data(each) for each in results]
            due = {"due": list(result.due)} if isinstance(result, Advanced) else {}
            return {"followed": followed, "results": done, "leftBehind": behind, **due}
        case Proposed(decision, branch, offer):
            return {**_decision(decision), "branch": branch, "pullRequest": offer.to_json()}
        case RuleList() | RuleExplanation() | RuleTests() | RuleBundle():
            return _of_rules(result)
        case BuiltTool(name, path, version, built):
            return {"name": name, "path": path, "version": version, "built": built}
        case FetchedModel(path, digest, fetched):
            return {"path": path, "digest": digest, "fetched": fetched}
        case NewFiles(paths, commands):
            return {"written": list(paths), "commands": list(commands)}
        case ApprovalStatus():
            return _approval(result)
        case Diagnosis(probes):
            return {"probes": [probe.to_json() for probe in probes]}
        case (
            Locked() | LockComparison() | RenderedFiles() | Scaffolded() | Pages() | Status()
            | History()
        ):  # fmt: skip
            return _of_files(result)
        case Upgraded():
            return _upgraded(result)
    return _of_family(result)


def _of_family(result: Moved) -> Json:
    """What became of one family."""
    match result:
        case Decided(decisions):
            return [_decision(decision) for decision in decisions]
        case NotLive(decided, branch, refused, offer):
            return {
                "decisions": _of_family(decided), "branch": branch, "refused": refused,
                "pullRequest": offer.to_json(),
            }  # fmt: skip
        case NotMade(decided):
            return {"decisions": _of_family(decided), "dryRun": True}
        case Due(decided):
            return {"decisions": _of_family(decided), "due": True}
        case NotDue(decision, reason, family):
            return {"family": family, "decision": decision, "due": False, "reason": reason}
        case Waiting():
            return {
                "family": result.family, "move": result.move, "reason": result.reason,
                "needsPerson": result.needs_person,
                "evidence": [item.to_json() for item in result.evidence],
            }  # fmt: skip
        case Blocked(family, reason, owner):
            return {"family": family, "move": "blocked", "reason": reason, "notify": owner}
        case NothingToDo(family, reason, commands=commands):
            return {
                "family": family, "move": "nothing", "reason": reason, "commands": list(commands),
            }  # fmt: skip
        case Failed(family, error, fix=fix):
            return {"family": family, "error": error, "fix": fix}
        case AlreadyDecided(decision):
            return {"decision": decision.id, "made": False}


def _of_files(
    result: Locked | LockComparison | RenderedFiles | Scaffolded | Pages | Status | History,
) -> Json:
    """What was written, or found in the files of a fleet."""
    match result:
        case Locked(path):
            return {"path": path}
        case LockComparison(findings, locks):
            outcome = Outcome(findings, {"locks": locks})
            return outcome_to_data(outcome, exit_code=result.exit_code)
        case RenderedFiles(_, written, removed):
            return {"written": list(written), "removed": list(removed)}
        case Scaffolded():
            return {
                "written": list(result.written), "rendered": result.rendered,
                "locked": result.locked, "note": result.note, "todo": list(result.todo),
                "commands": list(result.commands),
            }  # fmt: skip
        case Status(families, findings, shown, now):
            states = [each.to_json() for each in families]
            return {
                "shown": shown.to_json(), "now": now, "families": states, **_findings(findings),
            }  # fmt: skip
        case History(decisions, findings, shown=shown):
            records = [decision_to_json(decision) for decision in decisions]
            return {"shown": shown, "decisions": records, **_findings(findings)}
        case Pages(_, written, findings):
            return {
                "written": list(written), "stale": bool(findings), **_findings(findings),
            }  # fmt: skip


def _approval(result: ApprovalStatus) -> Json:
    return {
        "followed": result.followed,
        "head": result.head,
        "pullRequests": list(result.pull_requests),
        "state": result.state.value,
        "description": result.description,
        "notes": list(result.notes),
        "dryRun": result.dry_run,
        **_findings(result.findings),
    }


def _upgraded(result: Upgraded) -> Json:
    return {
        "before": result.before,
        "after": result.after,
        "newRules": [name for name, _ in result.new],
        "changedRules": [name for name, _ in result.changed],
        **_of_files(result.rendered),
        **outcome_to_data(result.outcome),
    }


def _of_rules(result: RuleList | RuleExplanation | RuleTests | RuleBundle) -> Json:
    match result:
        case RuleList(rules):
            return [facts.to_json() for facts in rules]
        case RuleExplanation():
            return _explanation(result)
        case RuleTests(rules, passed, examples, coverage, problems):
            return {
                "rules": list(rules), "passed": passed, "examples": examples,
                "coverage": coverage, "problems": list(problems),
            }  # fmt: skip
        case RuleBundle(path, digest, signed):
            return {"path": path, "digest": digest, "signed": signed}


def _explanation(explanation: RuleExplanation) -> dict[str, Json]:
    return {
        **explanation.facts.to_json(),
        "description": explanation.description,
        "denials": [
            {"title": title, "message": says, "solution": fix}
            for title, says, fix in explanation.denials
        ],
        "examples": [{"about": e.about, "good": e.good} for e in explanation.examples],
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


def _findings(findings: Sequence[Finding]) -> dict[str, Json]:
    return {"findings": [finding.to_json() for finding in findings]}

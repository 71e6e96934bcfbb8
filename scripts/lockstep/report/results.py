"""The results of verbs as text for people."""

from collections import Counter
from collections.abc import Iterator

from lockstep.model.audit_results import History, LedgerAudit, ServedThen
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
from lockstep.model.forge import APPROVAL_STATUS
from lockstep.model.one_cause import occurrences
from lockstep.model.outcome import POLICY, Outcome
from lockstep.model.result import ApprovalStatus, Commented, OnBranch, Result
from lockstep.model.rule_results import RuleBundle, RuleExplanation, RuleList, RuleTests
from lockstep.model.tool_results import BuiltTool, Diagnosis, FetchedModel, NewFiles
from lockstep.report.block import WIDTH_OF_A_BLOCK
from lockstep.report.counting import count
from lockstep.report.history import format_history
from lockstep.report.ledger_audit import format_ledger_audit, format_served
from lockstep.report.moves import format_move
from lockstep.report.rules import (
    format_bundle,
    format_explanation,
    format_rule_tests,
    format_rules,
)
from lockstep.report.status import describe_shown, format_status
from lockstep.report.text import format_outcome
from lockstep.report.tools import format_diagnosis, format_new_files, format_tool
from lockstep.text.sanitise import one_line

_PATHS = 20
"""The paths that are listed of what has to be staged: a change of a template writes thousands."""


def format_text(result: Result) -> str:
    """The result for people; not yet safe for a terminal (see lockstep.text.sanitise)."""
    match result:
        case OnBranch():
            return "\n".join(_on_branch(result))
        case Locked(path, version, digest):
            return f"{path}: version {version} is locked ({digest})"
        case LockComparison(findings, locks):
            return format_outcome(Outcome(findings, {"locks": locks}))
        case RenderedFiles():
            return "\n".join(_rendered(result))
        case Scaffolded():
            return "\n".join(_scaffolded(result))
        case Upgraded():
            return "\n".join(_upgraded(result))
        case Status():
            return format_status(result)
        case SiteWritten():
            return "\n".join(_site(result))
        case History():
            return format_history(result)
        case ServedThen():
            return format_served(result)
        case LedgerAudit():
            return format_ledger_audit(result)
        case Pages():
            return _pages(result)
        case RuleList():
            return format_rules(result)
        case RuleExplanation():
            return format_explanation(result)
        case RuleTests():
            return format_rule_tests(result)
        case RuleBundle():
            return format_bundle(result)
        case BuiltTool():
            return format_tool(result)
        case FetchedModel(path, digest, fetched):
            how = "fetched and verified" if fetched else "was there already, and is verified again"
            return f"{path}: {how} ({digest})"
        case NewFiles():
            return format_new_files(result)
        case ApprovalStatus():
            return "\n".join(_approval(result))
        case Commented():
            return "\n".join(_commented(result))
        case Diagnosis():
            return format_diagnosis(result)
        case _:
            return format_move(result)


def _approval(result: ApprovalStatus) -> Iterator[str]:
    yield f"On {result.followed}"
    yield from (f"{url} has the head {result.head}" for url in result.pull_requests)
    yield from (f"  {f.file}: {f.rule}: {f.message}" for f in result.findings)
    yield from (f"  {note}" for note in result.notes)
    how = "would be" if result.dry_run else "is"
    yield f"{APPROVAL_STATUS} {how} {result.state.value}: {result.description}"


def _commented(result: Commented) -> Iterator[str]:
    if result.note:
        yield result.note
    for each in result.comments:
        done = f"{'posted' if each.created else 'updated'}: {one_line(each.url, 500)}"
        yield each.body or done


def _upgraded(result: Upgraded) -> Iterator[str]:
    yield f"this fleet is pinned to {result.after}, not to {result.before}"
    yield format_text(result.rendered)
    found: Counter[str] = Counter()
    for finding in result.outcome.findings:
        found[finding.rule.removeprefix(POLICY)] += occurrences(finding)
    for kind, rules in (("new", result.new), ("changed", result.changed)):
        if rules:
            yield f"{count(len(rules), f'{kind} rule')}:"
        for name, title in rules:
            yield f"  {name} ({title}): {count(found[name], 'finding')}"
    yield format_outcome(result.outcome)


def _on_branch(result: OnBranch) -> Iterator[str]:
    yield f"On {result.followed}"
    yield from map(format_text, result.results)
    if result.left_behind:
        yield f"It is published, but this clone does not show it yet: {result.left_behind}"
        yield "  bring it up to date with git pull"


def _site(result: SiteWritten) -> Iterator[str]:
    yield from describe_shown(result.shown, result.now, WIDTH_OF_A_BLOCK)
    pages = count(sum(path.endswith(".html") for path in result.files), "page")
    removed = f", {len(result.removed)} removed that nothing shows any more"
    yield f"{pages} written{removed if result.removed else ''}"
    yield f"open {result.folder}/index.html"
    if result.findings:
        yield ""
        yield format_outcome(Outcome(result.findings))


def _rendered(result: RenderedFiles) -> Iterator[str]:
    if not result.written and not result.removed:
        yield "rendered/ is as the specs declare it"
        return
    if result.compared:
        yield from format_differing(result)
        return
    yield f"{count(len(result.written), 'file')} written, {len(result.removed)} removed"
    if result.staged:
        paths = sorted((*result.written, *result.removed))
        yield from (f"  {path}" for path in paths[:_PATHS])
        if len(paths) > _PATHS:
            yield f"  and {len(paths) - _PATHS} more"
        yield "to commit what the staged specs declare, run git add rendered"


def format_differing(result: RenderedFiles) -> Iterator[str]:
    """Which files of ``rendered/`` differ from the specs, in lines."""
    lines = [f"  to be written: {path}" for path in result.written]
    lines += [f"  to be removed: {path}" for path in result.removed]
    files = "1 file differs" if len(lines) == 1 else f"{count(len(lines), 'file')} differ"
    yield f"{files} from what the specs declare; nothing was written"
    yield from lines[:_PATHS]
    if len(lines) > _PATHS:
        yield f"  and {len(lines) - _PATHS} more"
    yield "to write them, run lockstep render"


def _scaffolded(result: Scaffolded) -> Iterator[str]:
    rendered = f"; {count(result.rendered, 'file')} rendered" if result.rendered else ""
    workflows = sum(".github/workflows/" in path for path in result.written)
    also = f" and {count(workflows, 'workflow')}" if workflows else ""
    yield f"{count(len(result.written) - workflows, 'file')} for people{also} written{rendered}"
    yield from (f"  {path}" for path in result.written)
    if result.locked:
        yield f"{result.locked}: locked as the registry says"
    if result.note:
        yield f"no version is locked: {result.note}"
    if result.todo:
        yield "replace or add"
        yield from (f"  {each}" for each in result.todo)
    yield "then run"
    yield from (f"  {command}" for command in result.commands)


def _pages(result: Pages) -> str:
    if result.findings:
        return format_outcome(Outcome(result.findings))
    states = (
        (path, "written" if path in result.written else "is up to date") for path in result.paths
    )
    return "\n".join(f"{path} {state}" for path, state in states)


def _shown(words: str) -> Iterator[str]:
    if words:
        yield f"Of {words}"

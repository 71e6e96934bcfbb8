"""The results of verbs as text for people."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from lockstep.model.decision import Action, Decision, Phase
from lockstep.model.evidence import Evidence
from lockstep.model.forge import APPROVAL_STATUS
from lockstep.model.outcome import POLICY, Outcome
from lockstep.model.result import (
    AlreadyDecided,
    ApprovalStatus,
    Blocked,
    Decided,
    Due,
    Failed,
    History,
    LockComparison,
    Locked,
    NotDue,
    NothingToDo,
    NotLive,
    NotMade,
    Offer,
    OnBranch,
    Pages,
    Proposed,
    RenderedFiles,
    Result,
    RolledBack,
    Scaffolded,
    Status,
    Upgraded,
    Waiting,
)
from lockstep.model.rule_results import RuleBundle, RuleExplanation, RuleList, RuleTests
from lockstep.model.tool_results import BuiltTool, Diagnosis, FetchedModel, NewFiles
from lockstep.report.counting import count
from lockstep.report.history import describe_evidence, format_history
from lockstep.report.rules import (
    format_bundle,
    format_explanation,
    format_rule_tests,
    format_rules,
)
from lockstep.report.table import format_table
from lockstep.report.text import format_outcome
from lockstep.report.tools import format_diagnosis, format_new_files, format_tool
from lockstep.text.phrases import KEPT, OUT_OF_FORCE, list_variants
from lockstep.text.sanitise import one_line

_PATHS = 20
"""The paths that are listed of what has to be staged: a change of a template writes thousands."""

_STATUS_COLUMNS = (
    "environment", "family", "region", "serving", "skew", "state", "quarantine", "since",
)  # fmt: skip


def format_text(result: Result) -> str:
    """The result for people; not yet safe for a terminal (see lockstep.text.sanitise)."""
    match result:
        case Decided():  # a rollback, too
            return "\n".join(_decided(result))
        case NotLive():
            return "\n".join(_not_live(result))
        case NotMade():
            return "\n".join(_not_made(result))
        case Due():
            return "\n".join(_due(result))
        case NotDue(decision, reason, family):
            return f"{family or 'no family'}: NOT MADE: decision {decision}: {reason}"
        case OnBranch():
            return "\n".join(_on_branch(result))
        case Waiting():
            return "\n".join(_waiting(result))
        case Blocked(family, reason, owner):
            return f"{family}: {reason}. Notify {owner}"
        case NothingToDo(family, reason, commands=commands):
            return "\n".join([f"{family}: {reason}", *(f"  {each}" for each in commands)])
        case Failed(family, diagnostics=text):
            return f"{family}: {text}"
        case AlreadyDecided(made):
            return f"{_family(made)}: {made.action.value} was decided by another run ({made.id})"
        case Proposed(made, branch, offer):
            return "\n".join(_proposed(made, branch, offer))
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
            return _status(result)
        case History():
            history = format_history(
                result.decisions,
                result.findings,
                verified=result.verified,
                replayed=result.replayed,
            )
            return "\n".join([*_shown(result.shown), history])
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
        case Diagnosis():
            return format_diagnosis(result)


def _approval(result: ApprovalStatus) -> Iterator[str]:
    yield f"On {result.followed}"
    yield from (f"{url} has the head {result.head}" for url in result.pull_requests)
    yield from (f"  {f.file}: {f.rule}: {f.message}" for f in result.findings)
    yield from (f"  {note}" for note in result.notes)
    how = "would be" if result.dry_run else "is"
    yield f"{APPROVAL_STATUS} {how} {result.state.value}: {result.description}"


def _upgraded(result: Upgraded) -> Iterator[str]:
    yield f"this fleet is pinned to {result.after}, not to {result.before}"
    yield format_text(result.rendered)
    found = Counter(f.rule.removeprefix(POLICY) for f in result.outcome.findings)
    for kind, rules in (("new", result.new), ("changed", result.changed)):
        if rules:
            yield f"{count(len(rules), f'{kind} rule')}:"
        for name, title in rules:
            yield f"  {name} ({title}): {count(found[name], 'finding')}"
    yield format_outcome(result.outcome)


def _family(decision: Decision) -> str:
    return f"{decision.environment}/{decision.family}"


def _decided(result: Decided) -> Iterable[str]:
    if isinstance(result, RolledBack):
        return _rolled_back(result)
    decision = result.decisions[-1]
    head = f"{_family(decision)}: {_what(decision)}: {decision.reason}"
    match decision.action:
        case Action.ADVANCE | Action.VERIFY:
            return [head, *_shares(decision), *_evidence(decision.evidence)]
        case Action.ADOPT:
            return [head, *_shares(decision)]
    return [head]


def _what(decision: Decision) -> str:
    match decision.action:
        case Action.ADVANCE:
            return f"version {decision.target.version} moves to{_step(decision)}"
        case Action.VERIFY:
            return f"version {decision.target.version} is verified"
        case Action.ADOPT:
            return "adopted as it is"
        case Action.RELEASE:
            return f"version {decision.target.version} is released from quarantine"
        case Action.HOLD:
            return f"version {decision.target.version} is held{_step(decision, ' at')}"
        case Action.RESUME:
            return f"version {decision.target.version} resumes{_step(decision, ' at')}"
    return str(decision.to)


def _step(decision: Decision, before: str = "") -> str:
    """`` wave 1 step 2`` after the decision; empty where no step was taken yet."""
    to = decision.to
    if to.wave is None or to.step is None:
        return ""
    return f"{before} wave {to.wave + 1} step {to.step + 1}"


def _rolled_back(result: RolledBack) -> Iterator[str]:
    newest = result.decisions[-1]
    version = newest.target.version
    yield f"{_family(newest)}: {_rollback(result, newest)}: {newest.reason}"
    # A restore that was due comes alone: its shift was an earlier decision.
    if result.decisions[0].action is Action.SHIFT:
        yield "  shift: all traffic goes to the running stable version"
    if restored := newest.restored:
        exact = "the verified bytes" if restored.exact or restored.bytes_from else "rendered again"
        yield f"  restore: every cluster as verified in record {restored.sequence} ({exact})"
        if restored.changed:
            yield f"  {OUT_OF_FORCE if restored.bytes_from else KEPT}:"
        yield from (one_line(f"    {field}") for field in restored.changed)
    if newest.action is Action.RETIRE:
        yield "  their weight returns to the roles"
        yield from _shares(newest)
    recorded = (text for decision in result.decisions for text in decision.unchecked)
    yield from (f"  unchecked: {text}" for text in dict.fromkeys((*result.unchecked, *recorded)))
    if problem := result.restore_waits_for:
        yield f"  the restore waits: {problem}. Fix it, then run lockstep advance"
    if result.quarantined:
        yield f"  quarantine: version {version} cannot be proposed until lockstep release"


def _rollback(result: RolledBack, newest: Decision) -> str:
    version = newest.target.version
    if newest.action is Action.RETIRE:
        return f"the experiment arms of version {version} are retired"
    if result.quarantined:
        return f"version {version} is rolled back"
    if newest.source.phase is Phase.STEADY:
        return "the recorded variants are back"
    return f"the proposal of version {version} is withdrawn"


def _on_branch(result: OnBranch) -> Iterator[str]:
    yield f"On {result.followed}"
    yield from map(format_text, result.results)
    if result.left_behind:
        yield f"It is published, but this clone does not show it yet: {result.left_behind}"
        yield "  bring it up to date with git pull"


def _not_live(result: NotLive) -> Iterator[str]:
    newest = result.decided.decisions[-1]
    yield f"{_family(newest)}: NOT LIVE: it is on branch {result.branch}, which is to be merged"
    if result.refused:
        yield f"  {result.refused}"
    yield from _offer(result.offer)
    yield from (f"  once it is merged: {line}" for line in _decided(result.decided))


def _not_made(result: NotMade) -> Iterator[str]:
    newest = result.decided.decisions[-1]
    yield f"{_family(newest)}: NOT MADE, as this is a dry run: decision {newest.id}"
    yield from (f"  it would be: {line}" for line in _decided(result.decided))


def _due(result: Due) -> Iterator[str]:
    made = result.decision
    yield f"{_family(made)}: DUE, and not made by this run: decision {made.id}"
    yield from (f"  it would be: {line}" for line in _decided(result.decided))
    yield f"  to make it: lockstep advance --decision {made.id}"


def _waiting(result: Waiting) -> Iterator[str]:
    yield f"{result.family}: {result.position}: {result.reason}"
    if result.notify:
        yield f"  this needs a person: notify {result.notify}"
    if result.skew_breached:
        yield "  the regions have served different versions for longer than allowed"
    yield from _evidence(result.evidence)


_AGAIN = "; then run the same again, which finds the branch, or open the pull request by hand"


def _offer(offer: Offer) -> Iterator[str]:
    """The pull request, or why there is none."""
    if offer.url:
        yield f"  pull request {offer.number}: {offer.url}"
    elif offer.number:
        yield f"  pull request {offer.number}"
    if offer.problem:
        what = "" if offer.number else "no pull request was opened: "
        yield one_line(f"  {what}{offer.problem}")
        yield one_line(f"    fix: {offer.fix}{_AGAIN if offer.failed else ''}")


def _proposed(decision: Decision, branch: str, offer: Offer) -> Iterator[str]:
    yield f"{_family(decision)}: version {decision.target.version} is proposed on branch {branch}"
    yield f"  candidate with weight 0 in {', '.join(decision.variants)}"
    yield from _evidence(decision.evidence)
    yield from _offer(offer)
    yield "  merge the branch, then run lockstep advance"


def _shares(decision: Decision) -> Iterator[str]:
    for cluster, variants in sorted(decision.variants.items()):
        yield f"  {cluster}: {list_variants(variants)}"


def _evidence(evidence: Sequence[Evidence]) -> Iterator[str]:
    yield from (f"  {describe_evidence(item)}" for item in evidence)


def _rendered(result: RenderedFiles) -> Iterator[str]:
    if not result.written and not result.removed:
        yield "rendered/ is as the specs declare it"
        return
    yield f"{count(len(result.written), 'file')} written, {len(result.removed)} removed"
    if result.staged:
        paths = sorted((*result.written, *result.removed))
        yield from (f"  {path}" for path in paths[:_PATHS])
        if len(paths) > _PATHS:
            yield f"  and {len(paths) - _PATHS} more"
        yield "to commit what the staged specs declare, run git add rendered"


def _scaffolded(result: Scaffolded) -> Iterator[str]:
    rendered = f"; {count(result.rendered, 'file')} rendered" if result.rendered else ""
    workflows = sum(path.startswith(".github/workflows/") for path in result.written)
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


def _status(result: Status) -> str:
    rows = [[str(getattr(row, column)) for column in _STATUS_COLUMNS] for row in result.clusters]
    text = "\n".join([*_shown(result.shown), format_table(_STATUS_COLUMNS, rows)])
    if result.findings:
        text += "\n\n" + format_outcome(Outcome(result.findings))
    return text

"""What verbs did with families, as text for people: decisions, proposals, and why nothing moved."""

from collections.abc import Iterable, Iterator, Sequence

from lockstep.model.decision import Action, Decision, Phase
from lockstep.model.dry_proposal import DryProposal
from lockstep.model.evidence import Evidence
from lockstep.model.result import (
    AlreadyDecided,
    Blocked,
    Decided,
    Due,
    Failed,
    Moved,
    NotDue,
    NothingToDo,
    NotLive,
    NotMade,
    Offer,
    Placed,
    Promoted,
    Proposed,
    RolledBack,
    Waiting,
)
from lockstep.report.dry_proposal import format_dry_proposal
from lockstep.report.history import describe_evidence
from lockstep.text.phrases import KEPT, OUT_OF_FORCE, list_variants
from lockstep.text.sanitise import one_line


def format_move(result: Moved | Proposed) -> str:
    """What was done with one family; not yet safe for a terminal (see lockstep.text.sanitise)."""
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
        case Proposed():
            return "\n".join(_proposed(result))
        case DryProposal():
            return format_dry_proposal(result)


def _family(decision: Decision) -> str:
    return f"{decision.environment}/{decision.family}"


def _decided(result: Decided) -> Iterable[str]:
    if isinstance(result, RolledBack):
        return _rolled_back(result)
    if isinstance(result, Promoted):
        return _promoted(result)
    decision = result.decisions[-1]
    head = f"{_family(decision)}: {_what(decision)}: {decision.reason}"
    match decision.action:
        case Action.ADVANCE | Action.VERIFY:
            return [head, *_shares(decision), *_evidence(decision.evidence)]
        case Action.ADOPT:
            return [head, *_shares(decision)]
    return [head]


def _promoted(result: Promoted) -> Iterator[str]:
    """A proposal on the followed branch itself, or the one that a dry run would make."""
    decision = result.decisions[-1]
    yield f"{_family(decision)}: version {decision.target.version} is proposed: {decision.reason}"
    yield f"  candidate with weight 0 in {', '.join(decision.variants)}"
    yield from _promotion(decision, result.differences)
    yield from _evidence(decision.evidence)


def _promotion(decision: Decision, differences: Sequence[str]) -> Iterator[str]:
    """Where a promotion comes from, and what of the two environments differs and stays."""
    source = decision.promoted_from
    if source is None:
        return
    where = f"{source.environment}/{decision.family}"
    record = f"verified in record {source.sequence}"
    yield f"  promoted from {where}: its version {source.version}, {record}"
    if differences:
        yield f"  only the version enters; what differs from {source.environment} stays:"
        yield from (one_line(f"    {each}") for each in differences)
    else:
        yield f"  only the version enters; nothing else differs from {source.environment}"


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
    if result.awaits_shift:
        yield f"  {_AWAITS_SHIFT}"
    if result.quarantined:
        yield f"  quarantine: version {version} cannot be proposed until lockstep release"


_AWAITS_SHIFT = (
    "the restore waits until Argo CD has the shift live in every cluster; lockstep advance makes it"
    " then"
)


def _rollback(result: RolledBack, newest: Decision) -> str:
    version = newest.target.version
    if newest.action is Action.RETIRE:
        return f"the experiment arms of version {version} are retired"
    if result.quarantined:
        return f"version {version} is rolled back"
    if newest.source.phase is Phase.STEADY:
        return "the recorded variants are back"
    return f"the proposal of version {version} is withdrawn"


def _not_live(result: NotLive) -> Iterator[str]:
    newest = result.decided.decisions[-1]
    yield f"{_family(newest)}: NOT LIVE: it is on branch {result.branch}, which is to be merged"
    if result.refused:
        yield f"  {result.refused}"
    yield from _placed(result.branch, result.placed)
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


def _placed(branch: str, placed: Placed | None) -> Iterator[str]:
    """What was pushed, and where."""
    if placed is None:
        return
    tip = f"branch {branch} is at commit {placed.commit[:12]}"
    if placed.remote:
        yield f"  pushed to {placed.remote}: {tip} there"
    else:
        yield f"  not pushed, because this repository has no remote: {tip} here"


def _proposed(result: Proposed) -> Iterator[str]:
    decision, offer = result.decision, result.offer
    family, version = _family(decision), decision.target.version
    yield f"{family}: version {version} is proposed on branch {result.branch}"
    if result.chosen:
        yield f"  chosen: {result.chosen}"
    yield f"  candidate with weight 0 in {', '.join(decision.variants)}"
    yield from _promotion(decision, result.differences)
    yield from _evidence(decision.evidence)
    yield from _placed(result.branch, result.placed)
    yield from _offer(offer)
    what = f"pull request {offer.number}" if offer.number else "the branch"
    into = f" into {result.placed.into}" if result.placed else ""
    yield f"  next: have {what} merged{into}, then run lockstep advance {family}"


def _shares(decision: Decision) -> Iterator[str]:
    for cluster, variants in sorted(decision.variants.items()):
        yield f"  {cluster}: {list_variants(variants)}"


def _evidence(evidence: Sequence[Evidence]) -> Iterator[str]:
    yield from (f"  {describe_evidence(item)}" for item in evidence)

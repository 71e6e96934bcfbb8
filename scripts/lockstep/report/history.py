"""A history as text: who decided what, when, why, on which evidence, and what it changed."""

from collections.abc import Iterator, Sequence

from lockstep.model.approval import SOURCE
from lockstep.model.audit_results import AuditScope, AuditSelection, History
from lockstep.model.decision import Action, Decision, PromotedFrom, Variant
from lockstep.model.evidence import Evidence, Verdict
from lockstep.model.outcome import Outcome
from lockstep.model.timeline import LedgerEntry, TrafficChange
from lockstep.model.times import format_time
from lockstep.report.counting import count
from lockstep.report.text import format_outcome
from lockstep.report.wrapping import wrapped
from lockstep.text.phrases import OUT_OF_FORCE, listed
from lockstep.text.sanitise import one_line

_FORWARD = (Action.PROPOSE, Action.ADVANCE, Action.VERIFY)
_ROLES = ("stable", "candidate", "previous")
_NAMED = 6
"""Clusters that are named of a gate that passed, or of a change: a family may have hundreds."""


def format_history(history: History) -> str:
    """Each decision with its evidence, then how many there are, and the findings."""
    lines = [*format_scope(history.scope)]
    for entry in history.entries:
        lines += _entry(entry)
    lines += [wrapped(_last_line(history))]
    if history.findings:
        lines += ["", format_outcome(Outcome(history.findings))]
    return "\n".join(lines)


def format_scope(scope: AuditScope) -> Iterator[str]:
    """Where the records were read, and the time that counts, where a person gave it."""
    if scope.shown:
        yield f"Of {one_line(scope.shown)}"
    if scope.now:
        yield f"At {format_time(scope.now)}, which was given by --now"


def describe_weights(variants: Sequence[Variant] | None) -> str:
    """``2 90% + 3 10%``: who gets traffic; the arms of an experiment with their names."""
    if variants is None:
        return "no such cluster"
    shares = (
        f"{each['version']} {each['weight']}%"
        + ("" if each["name"] in _ROLES else f" (arm {each['name']})")
        for each in variants
        if each["weight"] > 0
    )
    return " + ".join(shares) or "nothing"


def approvers_of(decision: Decision) -> dict[str, str]:
    """The names of those whose signed approval the decision needed, with the role that has it."""
    # A rollback has the evidence of the forward move that was not made.
    items = decision.evidence if decision.action in _FORWARD else ()
    return {
        approval.approver.name: str(item.gate.get("role", ""))
        for item in items
        if item.gate.get("source") == SOURCE and item.verdict is Verdict.PASS
        for approval in item.answer.approvals
    }


def describe_evidence(item: Evidence) -> str:
    """The verdict of one gate in one cluster, in a line."""
    # 12 characters are the longest verdict, inconclusive.
    return f"{item.verdict.value:12} {item.gate.get('name')} in {item.cluster}: {item.reason}"


def _entry(entry: LedgerEntry) -> Iterator[str]:
    decision = entry.decision
    where = f"{decision.environment}/{decision.family} {decision.sequence}"
    verdict = f" [{decision.verdict}]" if decision.verdict else ""
    what = f"{decision.action} version {decision.target.version}{verdict}"
    yield one_line(f"{decision.decided_at}  {where}  {what}")
    if entry.problem:
        yield _line("NOT RELIED ON", entry.problem)
    yield _line("step", f"{decision.source} -> {decision.to}")
    yield from (_line("traffic", each) for each in _changes(entry.changes))
    yield _line("who", decision.actor)
    if approvers := approvers_of(decision):
        yield _line("approved by", ", ".join(_with_role(*each) for each in approvers.items()))
    # Reasons and actors come from people and registries: each stays on lines of its own.
    yield _line("why", decision.reason)
    given = "; its time was given by --now" if decision.time_given else ""
    yield _line("with", f"Lockstep {decision.program_version}{given}")
    if source := decision.promoted_from:
        yield _line("from", _promoted(decision.family, source))
    if decision.restored:
        yield _line("how", _restored(decision))
    yield from (_line("without the broken record", path) for path in decision.broken_records)
    yield from _evidence(decision.evidence)
    yield from (_line("unchecked", text) for text in decision.unchecked)


def _line(label: str, text: str) -> str:
    return wrapped(text, f"    {label}: ", "        ")


def _with_role(name: str, role: str) -> str:
    return f"{name} ({role})" if role else name


def _changes(changes: Sequence[TrafficChange]) -> Iterator[str]:
    """The clusters that changed, those that changed alike in one line."""
    alike: dict[str, list[str]] = {}
    for each in changes:
        was = "" if each.before is None else f", before {describe_weights(each.before)}"
        alike.setdefault(f"{describe_weights(each.after)}{was}", []).append(_place(each))
    for what, places in alike.items():
        yield f"{_some(places)}: {what}"


def _place(change: TrafficChange) -> str:
    return change.region or change.cluster


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return listed([*names[:_NAMED], *([f"{more} more"] if more > 0 else [])])


def _evidence(evidence: Sequence[Evidence]) -> Iterator[str]:
    """Every verdict but pass with its reason; of a gate that passed in several clusters, where."""
    passed: dict[str, list[Evidence]] = {}
    for item in evidence:
        if item.verdict is Verdict.PASS:
            passed.setdefault(str(item.gate.get("name")), []).append(item)
        else:
            yield _verdict(describe_evidence(item))
    for name, items in passed.items():
        if len(items) == 1:
            yield _verdict(describe_evidence(items[0]))
        else:
            clusters = _some([item.cluster for item in items])
            yield _verdict(f"{Verdict.PASS.value:12} {name} in {clusters}")


def _verdict(text: str) -> str:
    word, _, rest = one_line(text).partition(" ")
    return wrapped(rest.lstrip(), f"    {word:12} ", " " * 17)


def _promoted(family: str, source: PromotedFrom) -> str:
    where = f"{source.environment}/{family}"
    return f"version {source.version} of {where}, verified in its record {source.sequence}"


def _restored(decision: Decision) -> str:
    restored = decision.restored
    if restored is None:
        return ""
    if restored.bytes_from:
        text = f"the verified bytes of {restored.bytes_from}; the renderer has changed since"
        kept = f"; {OUT_OF_FORCE}: {', '.join(restored.changed)}" if restored.changed else ""
        return text + kept
    if restored.exact:
        return f"exactly as verified in record {restored.sequence}"
    kept = ", ".join(restored.changed) or "what this clone could not compare"
    return f"as verified in record {restored.sequence}, except for what people changed: {kept}"


def _last_line(history: History) -> str:
    shown, chosen = len(history.entries), _chosen(history.selection)
    if not shown:
        known = ", ".join(history.versions)
        versions = f"; the records are about {known}" if history.selection.version else ""
        return f"no decision{chosen}{versions}"
    if shown < history.selected:
        newest = "decision" if shown == 1 else f"{shown} decisions"
        whole = f"the newest {newest} of {history.selected}{chosen}"
    elif chosen:
        whole = f"{shown} of {count(history.decisions, 'decision')}{chosen}"
    else:
        whole = f"{count(shown, 'decision')}, the newest first"
    return f"{whole}; times are in UTC"


def _chosen(selection: AuditSelection) -> str:
    """`` about version 3, since 2026-03-01T00:00:00Z``; empty where everything is selected."""
    parts = [
        *([f" about version {selection.version}"] if selection.version else []),
        *([f" since {format_time(selection.since)}"] if selection.since else []),
        *([f" until {format_time(selection.until)}"] if selection.until else []),
    ]
    return ",".join(parts)

"""Where a finding of a rule belongs: the file, line and column that its author wrote."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lockstep.model.document import Document, Json, from_json_pointer
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding, Related
from lockstep.model.fleet import Cluster
from lockstep.model.outcome import POLICY_ERROR
from lockstep.policy.items import PolicyItem
from lockstep.policy.metadata import MAIN
from lockstep.policy.rules import Rule, Scope
from lockstep.spec.place import Place

_LONGEST = 2000

Trace = Callable[[PolicyItem, str, str, str], Finding]
"""Where a value of a rendered object comes from: item, kind, name and JSON pointer.

The finding that it gives holds the place (file, line, column, pointer, related) and nothing else.
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding of a rule and what it is about; ``family`` and ``cluster`` may be empty."""

    finding: Finding
    environment: str
    family: str = ""
    cluster: str = ""


def judged(item: PolicyItem, found: Json, rules: Mapping[str, Rule], trace: Trace) -> Judged:
    """What OPA found about an item, at its place. Raises LockstepError where it makes no sense."""
    parts = [found.get(key) if isinstance(found, dict) else None for key in _PARTS]
    if not all(isinstance(part, str) for part in parts) or parts[0] not in rules:
        raise nonsense(f"a finding about {item.id} without rule, message, fix or pointer")
    package, message, fix, pointer = map(str, parts)
    rule = rules[package]
    place = _place(item, found, pointer, trace)
    finding = replace(
        place, rule=rule.id, message=message[:_LONGEST], fix=fix[:_LONGEST], severity=rule.severity,
        related=(*place.related, *_also(item, found.get("also", ()))),
    )  # fmt: skip
    return Judged(finding, *_subject(item, found.get("cluster")))


_PARTS = ("rule", "message", "fix", "pointer")


def unjudged(item: PolicyItem, message: str, fix: str) -> Judged:
    """The finding that says: the rules could not judge this item. Never a pass."""
    place = _in(_document(item), "")
    finding = replace(place, rule=POLICY_ERROR, message=message[:_LONGEST], fix=fix)
    return Judged(finding, *_subject(item, None))


def nonsense(what: str) -> LockstepError:
    """The error for an answer that no rule of this version gives."""
    return LockstepError(
        f"OPA's answer makes no sense: {what}", where=MAIN,
        fix="restore policies/main.rego and policies/lib from git",
    )  # fmt: skip


def _place(item: PolicyItem, found: Json, pointer: str, trace: Trace) -> Finding:
    thing = found.get("object")
    if thing is not None:
        return trace(item, str(thing.get("kind")), str(thing.get("name")), pointer)
    if found.get("lock") is not None:
        return _in(_lock(item, str(found["lock"])), pointer)
    if found.get("document") == "family" and item.family:
        return _in(item.family.document, pointer)
    if found.get("cluster") is None and item.scope is not Scope.CLUSTER:
        return _in(_document(item), pointer)
    cluster = _cluster(item, found.get("cluster"))
    value = from_json_pointer(pointer, cluster.effective)
    return Place.in_cluster(cluster, value).finding("", "", "")


def _in(document: Document, pointer: str) -> Finding:
    return Place(document, from_json_pointer(pointer, document.value)).finding("", "", "")


def _also(item: PolicyItem, places: Json) -> tuple[Related, ...]:
    """Other clusters that a rule names, each at the value that it means."""
    related = []
    for place in places:
        cluster = _cluster(item, place.get("cluster"))
        pointer = from_json_pointer(str(place.get("pointer")), cluster.effective)
        document, inner = cluster.origin(pointer)
        if document is not cluster.document:  # an inherited value: the cluster is what is meant
            inner = ("metadata", "name")
        where = cluster.document.locate(inner)
        related.append(Related(*where, str(place.get("note"))[:200]))
    return tuple(related)


def _cluster(item: PolicyItem, name: Json) -> Cluster:
    for candidate in item.clusters:
        if item.scope is Scope.CLUSTER or candidate.name == name:
            return candidate
    raise nonsense(f"a finding about a cluster that {item.id} does not have")


def _lock(item: PolicyItem, version: str) -> Document:
    if item.family is None or version not in item.family.locks:
        raise nonsense(f"a finding about a lock that {item.id} does not have")
    return item.family.locks[version]


def _document(item: PolicyItem) -> Document:
    if item.scope is Scope.CLUSTER:
        return item.clusters[0].document
    return item.family.document if item.family else item.environment.document


def _subject(item: PolicyItem, cluster: Json) -> tuple[str, str, str]:
    if item.scope is Scope.CLUSTER:
        return item.environment.name, item.clusters[0].family, item.clusters[0].name
    if cluster is None:
        return item.environment.name, item.family.name if item.family else "", ""
    found = _cluster(item, cluster)
    return item.environment.name, found.family, found.name

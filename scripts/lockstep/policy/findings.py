"""From OPA's answers to findings, each at the file, line and column where its value is written.

An answer that is missing, or a rule that was not evaluated, is an error finding and never a pass.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from lockstep.model.document import Document, Json, from_json_pointer, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding, Related
from lockstep.model.fleet import Cluster, Tree
from lockstep.model.outcome import POLICY_ERROR
from lockstep.model.paths import MAIN
from lockstep.policy.items import PolicyItem
from lockstep.policy.rules import Rule, Scope
from lockstep.policy.thresholds import threshold_places
from lockstep.render import Templates
from lockstep.render.trace.objects import trace_object
from lockstep.spec.place import Place
from lockstep.text.sanitise import cut

_LONGEST = 2000
"""Characters of a message or a fix that a rule wrote."""

FindOrigin = Callable[[PolicyItem, str, str, str], Finding]
"""Finds where a value of a rendered object is written, by item, kind, name and JSON pointer.

The finding that it returns has the place (file, line, column, pointer, related) and nothing else.
"""


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """A finding of a rule and its subject; ``family`` and ``cluster`` may be empty."""

    finding: Finding
    environment: str
    family: str = ""
    cluster: str = ""


def interpret(
    items: Sequence[PolicyItem],
    answers: Sequence[Json],
    rules: Sequence[Rule],
    trace: FindOrigin,
    policies: Tree,
) -> list[RuleFinding]:
    """The findings in OPA's answers, each at the place of its value.

    A spec on which a rule failed, or was not evaluated, has a finding of the rule POLICY_ERROR.
    Raises LockstepError when there is no answer for a spec. ``trace`` finds where a value of a
    rendered object is written; ``policies`` have the thresholds that findings name.
    """
    by_scope = {s: {rule.package: rule for rule in rules if rule.scope is s} for s in Scope}
    # Items of a scope without rules are not sent (see batches), so they have no answer.
    wanted = [item for item in items if by_scope[item.scope]]
    by_id = answers_by_id(answers)
    _require_all(wanted, by_id)
    found: list[RuleFinding] = []
    for item in wanted:
        found += _about(item, by_id[item.id], by_scope[item.scope], trace, policies)
    return found


def _about(
    item: PolicyItem,
    answer: Json,
    rules: Mapping[str, Rule],
    trace: FindOrigin,
    policies: Tree,
) -> list[RuleFinding]:
    # One spec on which a rule fails must not hide the findings of the others (see opa.bisect).
    if "error" in answer:
        where, message = answer["error"]["where"], answer["error"]["message"]
        says = f"the rules could not be evaluated on this spec: {where}: {message}"
        fix = "fix the rule at that place, or the value of the spec that it fails on"
        return [_not_evaluated(item, says, fix)]
    clusters = _Clusters(item)
    evaluated = answer.get("evaluated")
    # The tree under review can bring its own main.rego: nothing in an answer is taken on trust.
    if not isinstance(evaluated, list) or not isinstance(answer.get("findings"), list):
        raise _malformed_answer(f"no list of evaluated rules for {item.id}")
    missing = [rule for package, rule in rules.items() if package not in evaluated]
    return [
        *(
            _rule_finding(item, clusters, found, rules, trace, policies)
            for found in answer["findings"]
        ),
        *(_missing_rule(item, rule) for rule in missing),
    ]


def _missing_rule(item: PolicyItem, rule: Rule) -> RuleFinding:
    return _not_evaluated(
        item,
        f"rule {rule.name} was not evaluated: a value that it reads is missing",
        f"compare the spec with checked in {rule.path}; deny and checked must be in "
        f"package lockstep.rules.{rule.package}",
    )


def answers_by_id(answers: Iterable[Json]) -> dict[str, Json]:
    """OPA's answers by the id of their item. Raises LockstepError for two about one item."""
    by_id: dict[str, Json] = {}
    for answer in answers:
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise _malformed_answer("an answer without an id")
        # The second could hide the findings of the first.
        if answer["id"] in by_id:
            raise _malformed_answer(f"two answers for {answer['id']}")
        by_id[answer["id"]] = answer
    return by_id


def _require_all(items: Sequence[PolicyItem], answers: Mapping[str, Json]) -> None:
    for item in items:
        if item.id not in answers:
            raise LockstepError(
                "OPA gave no answer for this spec", where=item.id,
                fix="use the policies/main.rego of this version of Lockstep",
            )  # fmt: skip


def _rule_finding(
    item: PolicyItem,
    clusters: "_Clusters",
    found: Json,
    rules: Mapping[str, Rule],
    trace: FindOrigin,
    policies: Tree,
) -> RuleFinding:
    """A finding of OPA at its place. Raises LockstepError where it is malformed."""
    parts = [found.get(key) if isinstance(found, dict) else None for key in _PARTS]
    if not all(isinstance(part, str) for part in parts) or parts[0] not in rules:
        raise _malformed_answer(f"a finding for {item.id} without rule, message, fix or pointer")
    package, message, fix, pointer = map(str, parts)
    rule = rules[package]
    place = _place(item, clusters, found, pointer, trace)
    subject = _subject(item, clusters, found.get("cluster"))
    version = _version_at(item, clusters, found, pointer)
    finding = replace(
        place, rule=rule.id, severity=rule.severity,
        message=cut(message, _LONGEST), fix=cut(_filled(fix, subject, version), _LONGEST),
        related=(
            *place.related,
            *_also(clusters, found.get("also", ())),
            *threshold_places(rule, map(str, found.get("thresholds", ())), policies),
        ),
    )  # fmt: skip
    return RuleFinding(finding, *subject)


_PARTS = ("rule", "message", "fix", "pointer")


_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
"""A version that can be written into a command."""


def _filled(fix: str, subject: tuple[str, str, str], version: Json) -> str:
    """A fix with the family and the version in its commands, so that they can be copied."""
    environment, family, _ = subject
    plain = isinstance(version, str) and _PLAIN.fullmatch(version)
    named = f"{environment}/{family}" if family else "FAMILY"
    return fix.replace("{family}", named).replace("{version}", version if plain else "VERSION")


def _version_at(item: PolicyItem, clusters: "_Clusters", found: Json, pointer: str) -> Json:
    """The value that a finding points at; None where it is not in the document of a cluster."""
    if item.scope is not Scope.CLUSTER or not pointer.endswith("/version") or "object" in found:
        return found.get("lock")
    effective = clusters.named(None).effective
    return value_at(effective, from_json_pointer(pointer, effective))


def _not_evaluated(item: PolicyItem, message: str, fix: str) -> RuleFinding:
    """The finding of an item that could not be evaluated by every rule."""
    place = _in(_document(item), "")
    finding = replace(place, rule=POLICY_ERROR, message=cut(message, _LONGEST), fix=fix)
    return RuleFinding(finding, *_subject(item, _Clusters(item), None))


def _malformed_answer(what: str) -> LockstepError:
    """The error for an answer that does not have the form that main.rego gives it."""
    return LockstepError(
        f"malformed answer from OPA: {what}", where=MAIN,
        fix="restore policies/main.rego and policies/lib from git",
    )  # fmt: skip


def _place(
    item: PolicyItem, clusters: "_Clusters", found: Json, pointer: str, trace: FindOrigin
) -> Finding:
    thing = found.get("object")
    if thing is not None:
        return trace(item, str(thing.get("kind")), str(thing.get("name")), pointer)
    if found.get("lock") is not None:
        return _in(_lock(item, str(found["lock"])), pointer)
    if found.get("document") == "family" and item.family:
        return _in(item.family.document, pointer)
    if found.get("cluster") is None and item.scope is not Scope.CLUSTER:
        return _in(_document(item), pointer)
    cluster = clusters.named(found.get("cluster"))
    value = from_json_pointer(pointer, cluster.effective)
    # The place only: _rule_finding fills in rule, message and fix.
    return Place.in_cluster(cluster, value).finding("", "", "")


def _in(document: Document, pointer: str) -> Finding:
    return Place(document, from_json_pointer(pointer, document.value)).finding("", "", "")


def _also(clusters: "_Clusters", places: Json) -> tuple[Related, ...]:
    """The related places in other clusters, each at the value that the rule points to."""
    related = []
    for place in places:
        cluster = clusters.named(place.get("cluster"))
        pointer = from_json_pointer(str(place.get("pointer")), cluster.effective)
        document, inner = cluster.origin(pointer)
        if document is not cluster.document:  # inherited: point at the cluster itself
            inner = ("metadata", "name")
        where = cluster.document.locate(inner)
        related.append(Related(*where, cut(str(place.get("note")), 200)))
    return tuple(related)


class _Clusters:
    """The clusters of one item by name: an environment may have thousands, each with findings."""

    def __init__(self, item: PolicyItem) -> None:
        self._item = item

    @cached_property
    def _by_name(self) -> Mapping[str, Cluster]:
        # Reversed, so that of two clusters with one name the first one counts.
        return {cluster.name: cluster for cluster in reversed(self._item.clusters)}

    def named(self, name: Json) -> Cluster:
        """The cluster of that name; of a cluster's item the only one. Raises LockstepError."""
        if self._item.scope is Scope.CLUSTER:
            return self._item.clusters[0]
        found = self._by_name.get(name) if isinstance(name, str) else None
        if found is None:
            text = f"a finding for a cluster that {self._item.id} does not have"
            raise _malformed_answer(text)
        return found


def _lock(item: PolicyItem, version: str) -> Document:
    if item.family is None or version not in item.family.locks:
        raise _malformed_answer(f"a finding for a lock that {item.id} does not have")
    return item.family.locks[version]


def _document(item: PolicyItem) -> Document:
    if item.scope is Scope.CLUSTER:
        return item.clusters[0].document
    return item.family.document if item.family else item.environment.document


def _subject(item: PolicyItem, clusters: _Clusters, cluster: Json) -> tuple[str, str, str]:
    if item.scope is Scope.CLUSTER:
        return item.environment.name, item.clusters[0].family, item.clusters[0].name
    if cluster is None:
        return item.environment.name, item.family.name if item.family else "", ""
    found = clusters.named(cluster)
    return item.environment.name, found.family, found.name


def trace_by(templates: Templates) -> FindOrigin:
    """Finds the line of the spec or of a template that wrote a value of a rendered object.

    Each call renders the cluster again, with origins, so it is used only where there is a finding.
    """

    def trace(item: PolicyItem, kind: str, name: str, pointer: str) -> Finding:
        cluster = item.clusters[0] if item.scope is Scope.CLUSTER else None
        family = item.family if cluster else None
        # Both or neither: without them it is an object of the environment's own folder.
        found = trace_object(cluster, family, item.environment, templates, kind, name, pointer)
        return found.finding("", "", "")

    return trace

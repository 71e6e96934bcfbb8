"""Policy: what the rules are asked about a fleet, and what their answers mean.

The order is expected_rules, policy_inputs, batches, then OPA (an edge), then interpret.
"""

from collections.abc import Mapping, Sequence

from lockstep.model.document import Document, Json, Pointer, from_json_pointer, to_json_pointer
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding, arrange
from lockstep.stages.policy_inputs import BATCH_SIZE, PolicyItem, batches, policy_inputs
from lockstep.stages.policy_rules import PREFIX, Rule, Scope, blocking, expected_rules, untested

__all__ = [
    "BATCH_SIZE", "POLICY_ERROR", "PolicyItem", "Rule", "Scope", "batches", "blocking",
    "expected_rules", "interpret", "policy_inputs", "untested",
]  # fmt: skip

POLICY_ERROR = PREFIX + "error"
"""The rule id of a finding that says: this spec could not be judged. Never a pass."""

_LONGEST = 2000


def interpret(
    items: Sequence[PolicyItem], answers: Sequence[Json], rules: Sequence[Rule]
) -> list[Finding]:
    """The findings in OPA's answers, in report order, each where its author wrote the value.

    A spec on which a rule failed gives a finding of the rule POLICY_ERROR. Raises LockstepError
    when a spec was not answered or a rule was not evaluated on it: silence is not a pass.
    """
    by_scope = {s: {rule.package: rule for rule in rules if rule.scope is s} for s in Scope}
    wanted = [item for item in items if by_scope[item.scope]]
    by_id = _answers_by_id(answers)
    _require_all(wanted, by_id)
    findings: list[Finding] = []
    for item in wanted:
        answer = by_id[item.id]
        if "error" in answer:
            findings.append(_failed(item, answer["error"]))
            continue
        _require_evaluated(item, answer, by_scope[item.scope])
        for found in answer["findings"]:
            findings.append(_finding(item, found, by_scope[item.scope]))
    return list(arrange(findings))


def _answers_by_id(answers: Sequence[Json]) -> Mapping[str, Json]:
    by_id: dict[str, Json] = {}
    for answer in answers:
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise _nonsense("an answer without an id")
        if answer["id"] in by_id:
            raise _nonsense(f"two answers for {answer['id']}")
        by_id[answer["id"]] = answer
    return by_id


def _require_all(items: Sequence[PolicyItem], answers: Mapping[str, Json]) -> None:
    for item in items:
        if item.id not in answers:
            raise LockstepError(
                "OPA gave no answer about this spec", where=item.id,
                fix="see that policies/main.rego is that of this version of Lockstep",
            )  # fmt: skip


def _require_evaluated(item: PolicyItem, answer: Json, rules: Mapping[str, Rule]) -> None:
    evaluated = answer.get("evaluated")
    if not isinstance(evaluated, list) or not isinstance(answer.get("findings"), list):
        raise _nonsense(f"no list of what was evaluated for {item.id}")
    for package, rule in rules.items():
        if package not in evaluated:
            raise LockstepError(
                f"rule {rule.name} was not evaluated: a value that it reads is missing",
                where=item.id,
                fix=f"see what checked asks for in {rule.path}, and that deny and checked "
                f"stand in package lockstep.rules.{package}",
            )


def _failed(item: PolicyItem, error: Json) -> Finding:
    document = _document(item)
    where = document.locate(())
    return Finding(
        document.path, where.line, where.column, POLICY_ERROR,
        f"the rules could not judge this spec: {error['where']}: {error['message']}",
        "mend the rule at that place, or the value of the spec that it fails on",
    )  # fmt: skip


def _finding(item: PolicyItem, found: Json, rules: Mapping[str, Rule]) -> Finding:
    parts = [found.get(key) if isinstance(found, dict) else None for key in _PARTS]
    if not all(isinstance(part, str) for part in parts) or parts[0] not in rules:
        raise _nonsense(f"a finding about {item.id} without rule, message, fix or pointer")
    package, message, fix, pointer = map(str, parts)
    rule = rules[package]
    document, inner = _place(item, found.get("cluster"), pointer)
    where = document.locate(inner)
    return Finding(
        document.path, where.line, where.column, rule.id, message[:_LONGEST], fix[:_LONGEST],
        to_json_pointer(inner), rule.severity,
    )  # fmt: skip


_PARTS = ("rule", "message", "fix", "pointer")


def _place(item: PolicyItem, cluster: Json, pointer: str) -> tuple[Document, Pointer]:
    """The file and the pointer in it; a family rule says which cluster it means."""
    if item.scope is Scope.FAMILY and cluster is None:
        return item.family.document, from_json_pointer(pointer, item.family.document.value)
    for candidate in item.clusters:
        if item.scope is Scope.CLUSTER or candidate.name == cluster:
            return candidate.origin(from_json_pointer(pointer, candidate.effective))
    raise _nonsense(f"a finding about a cluster that {item.id} does not have")


def _document(item: PolicyItem) -> Document:
    return item.clusters[0].document if item.scope is Scope.CLUSTER else item.family.document


def _nonsense(what: str) -> LockstepError:
    return LockstepError(
        f"OPA's answer makes no sense: {what}", where="policies/main.rego",
        fix="restore policies/main.rego and policies/lib from git",
    )  # fmt: skip

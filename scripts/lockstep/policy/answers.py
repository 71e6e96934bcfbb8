"""What OPA's answers mean: findings at their places, and an error wherever one is missing."""

from collections.abc import Mapping, Sequence

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.policy.findings import Judged, Trace, judged, nonsense, unjudged
from lockstep.policy.items import PolicyItem
from lockstep.policy.rules import Rule, Scope


def interpret(
    items: Sequence[PolicyItem], answers: Sequence[Json], rules: Sequence[Rule], trace: Trace
) -> list[Judged]:
    """The findings in OPA's answers, each where its author wrote the value.

    A spec on which a rule failed, or was not evaluated at all, gives a finding of the rule
    POLICY_ERROR: silence is not a pass. Raises LockstepError when a spec was not answered.
    ``trace`` finds what wrote a value of a rendered object.
    """
    by_scope = {s: {rule.package: rule for rule in rules if rule.scope is s} for s in Scope}
    wanted = [item for item in items if by_scope[item.scope]]
    by_id = _answers_by_id(answers)
    _require_all(wanted, by_id)
    found: list[Judged] = []
    for item in wanted:
        found += _about(item, by_id[item.id], by_scope[item.scope], trace)
    return found


def _about(item: PolicyItem, answer: Json, rules: Mapping[str, Rule], trace: Trace) -> list[Judged]:
    if "error" in answer:
        where, message = answer["error"]["where"], answer["error"]["message"]
        says = f"the rules could not judge this spec: {where}: {message}"
        fix = "mend the rule at that place, or the value of the spec that it fails on"
        return [unjudged(item, says, fix)]
    evaluated = answer.get("evaluated")
    if not isinstance(evaluated, list) or not isinstance(answer.get("findings"), list):
        raise nonsense(f"no list of what was evaluated for {item.id}")
    silent = [rule for package, rule in rules.items() if package not in evaluated]
    return [
        *(judged(item, found, rules, trace) for found in answer["findings"]),
        *(_silent(item, rule) for rule in silent),
    ]


def _silent(item: PolicyItem, rule: Rule) -> Judged:
    return unjudged(
        item,
        f"rule {rule.name} was not evaluated: a value that it reads is missing",
        f"see what checked asks for in {rule.path}, and that deny and checked "
        f"stand in package lockstep.rules.{rule.package}",
    )


def _answers_by_id(answers: Sequence[Json]) -> Mapping[str, Json]:
    by_id: dict[str, Json] = {}
    for answer in answers:
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise nonsense("an answer without an id")
        if answer["id"] in by_id:
            raise nonsense(f"two answers for {answer['id']}")
        by_id[answer["id"]] = answer
    return by_id


def _require_all(items: Sequence[PolicyItem], answers: Mapping[str, Json]) -> None:
    for item in items:
        if item.id not in answers:
            raise LockstepError(
                "OPA gave no answer about this spec", where=item.id,
                fix="see that policies/main.rego is that of this version of Lockstep",
            )  # fmt: skip

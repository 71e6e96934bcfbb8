"""Checks many trees that differ in one file with one OPA, in few requests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lockstep.check.policy_sets import PolicySet
from lockstep.check.validation import Checked, validate_tree, without_malformed
from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.policy import Moment, PolicyItem, batches, environment_input, family_inputs, interpret
from lockstep.policy.findings import trace_by
from lockstep.render import FleetRendering, Templates
from lockstep.rollout.history import check_history
from lockstep.spec.yaml.load import Documents

AT_ONCE = 200
"""How many trees are kept in memory and sent to OPA together."""


@dataclass
class _Case:
    items: list[PolicyItem]
    findings: list[Finding]


class MutantCheck:
    """Evaluates trees as a check does, without comparing ``rendered/``.

    ``base`` is the tree before the change, which has no findings. Where a tree differs in the
    folder of one family, only that family is rendered and evaluated, with its environment.
    """

    def __init__(self, judge: PolicySet, base: Tree, now: datetime) -> None:
        self._judge = judge
        self._now = now
        self._base = base
        self._documents = Documents()
        self._templates = Templates(base, read_kubernetes_schema)
        self._kinds = {kind for rule in judge.rules for kind in rule.reads}
        checked = validate_tree(base, self._documents, [judge.schemas])
        assert not checked.invalid, checked.invalid
        self._old = checked.fleet

    def well_formed(self, file: str, data: bytes) -> Checked:
        """What schemas and structure find where one file is replaced."""
        tree = self._slice(file) | {file: data}
        return validate_tree(tree, self._documents, [self._judge.schemas])

    def findings(self, changes: Sequence[tuple[str, bytes]]) -> list[list[Finding]]:
        """What history, rendering and rules find for each changed file; all are well-formed."""
        found: list[list[Finding]] = []
        for start in range(0, len(changes), AT_ONCE):
            found += self._findings(changes[start : start + AT_ONCE])
        return found

    def _findings(self, changes: Iterable[tuple[str, bytes]]) -> list[list[Finding]]:
        cases = [self._case(file, data) for file, data in changes]
        # One request for each tree, because items of a request share documents by their path.
        moment = Moment(self._now)
        requests = [b for case in cases for b in batches(case.items, self._judge.rules, moment)]
        answers = iter(self._judge.opa.evaluate_all(requests))
        for case in cases:
            trace = trace_by(self._templates)
            mine = [next(answers) for _ in case.items]
            found = interpret(case.items, mine, self._judge.rules, trace)
            case.findings += [each.finding for each in found]
        return [case.findings for case in cases]

    def _slice(self, file: str) -> dict[str, bytes]:
        """The files of the same environment, without the other families where that is enough."""
        environment = "/".join(file.split("/")[:2])
        if file == f"{environment}/environment.yaml":
            return dict(self._base)
        kept = (f"{environment}/environment.yaml", file.rpartition("/")[0] + "/")
        return {path: data for path, data in self._base.items() if path.startswith(kept)}

    def _case(self, file: str, data: bytes) -> _Case:
        tree = {**self._base, file: data}
        checked = validate_tree(tree, self._documents, [self._judge.schemas])
        valid = without_malformed(checked)
        folder = file.rpartition("/")[0] + "/"
        rendering = FleetRendering(valid, self._templates, self._kinds)
        items = [environment_input(valid, self._old, each) for each in valid.environments.values()]
        for family in valid.families():
            if f"{family.folder}/".startswith(folder):
                rendered = rendering.family(family)
                items += family_inputs(valid, self._old, family, self._now, rendered)
        findings = [*checked.invalid, *rendering.result()[1], *check_history(valid, self._old)]
        return _Case(items, findings)

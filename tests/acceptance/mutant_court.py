"""Judges many trees that differ in one file by one OPA, in few requests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lockstep.check.policy_sets import PolicySet
from lockstep.check.validation import Checked, validate_tree, without_malformed
from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet, Tree
from lockstep.policy import Moment, PolicyItem, batches, family_inputs, interpret, tenancy_input
from lockstep.policy.trace import tracer
from lockstep.render import FleetRendering, Templates
from lockstep.rollout.history import check_history
from lockstep.spec.yaml.load import Documents

AT_ONCE = 200
"""So many trees are kept in memory until OPA is asked about them."""


@dataclass
class _Case:
    items: list[PolicyItem]
    sound: Fleet
    findings: list[Finding]


class Court:
    """Examines trees as a check does, without comparing ``rendered/``.

    ``base`` is the tree before the change, which is sound. Of a tree that differs in the folder of
    one family only that family is rendered and asked about, with the tenancy of its environment.
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
        """What schemas and structure find where one file is another."""
        tree = self._slice(file) | {file: data}
        return validate_tree(tree, self._documents, [self._judge.schemas])

    def verdicts(self, changes: Sequence[tuple[str, bytes]]) -> list[list[Finding]]:
        """What history, rendering and rules find for each changed file; all are well-formed."""
        found: list[list[Finding]] = []
        for start in range(0, len(changes), AT_ONCE):
            found += self._verdicts(changes[start : start + AT_ONCE])
        return found

    def _verdicts(self, changes: Iterable[tuple[str, bytes]]) -> list[list[Finding]]:
        cases = [self._case(file, data) for file, data in changes]
        # One request for each tree: what items of a request share, they know by its path.
        moment = Moment(self._now)
        questions = [b for case in cases for b in batches(case.items, self._judge.rules, moment)]
        answers = iter(self._judge.opa.evaluate_all(questions))
        for case in cases:
            trace = tracer(self._templates)
            mine = [next(answers) for _ in case.items]
            judged = interpret(case.items, mine, self._judge.rules, trace)
            case.findings += [each.finding for each in judged]
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
        sound = without_malformed(checked)
        folder = file.rpartition("/")[0] + "/"
        rendering = FleetRendering(sound, self._templates, self._kinds)
        items = [tenancy_input(sound, self._old, each) for each in sound.environments.values()]
        for family in sound.families():
            if f"{family.folder}/".startswith(folder):
                rendered = rendering.family(family)
                items += family_inputs(sound, self._old, family, self._now, rendered)
        findings = [*checked.invalid, *rendering.result()[1], *check_history(sound, self._old)]
        return _Case(items, sound, findings)

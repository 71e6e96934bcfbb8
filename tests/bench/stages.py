"""Times the stages of a check one by one, in this process."""

import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from lockstep.check.base import find_base
from lockstep.check.compiled import policies_of
from lockstep.check.policy_sets import open_policy_set
from lockstep.check.validation import validate_families
from lockstep.edges.files import read_tree
from lockstep.edges.git import Git
from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet, Tree
from lockstep.policy import PolicyItem, RenderedObjects, expected_rules, interpret
from lockstep.render import Templates, objects_by_kind, render_family
from lockstep.render.compare import compare
from lockstep.spec.assemble import assemble
from lockstep.spec.yaml.load import Documents
from tests.unit.whole_fleets import policy_inputs, render_fleet

FOLDERS = ("clusters", "ledger", "policies", "templates", "rendered")
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
Result = TypeVar("Result")


def measure_stages(root: Path, passes: int) -> dict[str, float]:
    """The seconds of each stage in the best of several passes, in the order in which they run.

    Ends the program if there is any finding: the time of a check that stops early is no measure.
    """
    best: dict[str, float] = {}
    for _ in range(passes):
        for stage, seconds in _stages(root).items():
            best[stage] = min(seconds, best.get(stage, seconds))
    return best


def _stages(root: Path) -> dict[str, float]:
    seconds: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Result]) -> Result:
        before = time.perf_counter()
        result = work()
        seconds[stage] = time.perf_counter() - before
        return result

    tree = timed("read", lambda: read_tree(root, FOLDERS))
    documents = Documents()
    fleet, findings = timed("load", lambda: assemble(tree, documents))
    _require_clean(findings)
    old = timed("load base", lambda: _base(root, documents))
    validated = timed("validate", lambda: validate_families(tree, documents))
    _require_clean(validated.found)
    templates = timed("templates", lambda: Templates(tree, read_kubernetes_schema))
    rendered, findings = timed("render", lambda: render_fleet(fleet, templates))
    _require_clean(findings)
    objects = objects_of(tree, fleet)
    _require_clean(timed("compare", lambda: compare(rendered, tree)))
    _require_clean(timed("policy", lambda: _policy(tree, fleet, old, objects)))
    return seconds


def load(root: Path, tree: Tree) -> tuple[Fleet, Fleet | None]:
    """The fleet in ``tree``, and that of its base."""
    documents = Documents()
    return assemble(tree, documents)[0], _base(root, documents)


def objects_of(tree: Tree, fleet: Fleet) -> dict[str, dict[str, list[Json]]]:
    """The rendered objects that rules read, by the path of their cluster."""
    kinds = {kind for rule in expected_rules(tree) for kind in rule.reads}
    templates = Templates(tree, read_kubernetes_schema)
    return {
        cluster.path: objects_by_kind(folder, kinds)
        for family in fleet.families()
        for cluster, folder in render_family(
            family, fleet.environments[family.environment], templates
        )
    }


def _base(root: Path, documents: Documents) -> Fleet | None:
    git = Git.find(root)
    with git.storing() as storing:
        base = find_base(git, None, storing.work_tree_id(FOLDERS))
    return assemble(git.read_tree(base.commit, FOLDERS[:2]), documents)[0] if base else None


def _policy(tree: Tree, new: Fleet, old: Fleet | None, objects: RenderedObjects) -> list[Finding]:
    """Start an OPA and evaluate all rules, as a check does while it renders."""
    with ExitStack() as stack:
        policy_set = open_policy_set(stack, policies_of(tree))
        items = policy_inputs(new, old, NOW, rendered=objects)
        answers = policy_set.evaluate(items, NOW)
        found = interpret(items, answers, policy_set.rules, _nowhere, policy_set.policies)
        return [judged.finding for judged in found]


def _nowhere(_: PolicyItem, kind: str, name: str, pointer: str) -> Finding:
    return Finding(f"{kind}/{name}", 1, 1, "", "", "", pointer)


def _require_clean(findings: Iterable[Finding]) -> None:
    for finding in findings:
        place = f"{finding.file}:{finding.line}:{finding.column}"
        sys.exit(f"the fleet to measure is not clean: {place}: {finding.rule}: {finding.message}")

"""Times the stages of a check one by one, and ``lockstep check`` as a whole."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from lockstep.check.base import find_base
from lockstep.check.compiled import policies_of
from lockstep.check.policy_sets import open_policy_set
from lockstep.edges.files import read_tree, write_changes
from lockstep.edges.git import Git
from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.edges.resources import resource_dir
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet, Tree
from lockstep.model.times import format_time
from lockstep.opa.binary import find_opa
from lockstep.opa.files import ARGUMENTS, policy_files, write_policy_files
from lockstep.policy import (
    Moment,
    PolicyItem,
    RenderedObjects,
    batches,
    expected_rules,
    interpret,
    policy_inputs,
)
from lockstep.render import Templates, objects_by_kind, render_family, render_fleet
from lockstep.render.compare import compare
from lockstep.spec.assemble import assemble
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.validate import validate_fleet
from lockstep.spec.yaml.load import Documents
from tests.bench.fleet import make_fleet

FOLDERS = ("clusters", "ledger", "policies", "templates", "rendered")
WHOLE = "lockstep check"
POLICY = "policy"
BARE = "opa eval, one batch"
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Timing:
    """Seconds that one stage took: the first time, and again with nothing changed."""

    stage: str
    cold: float
    again: float


class Stopwatch:
    """The seconds of each stage of one pass, in the order in which they ran."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], Result]) -> Result:
        """Run ``work`` and note under ``stage`` how long it took; its result."""
        before = time.perf_counter()
        result = work()
        self.seconds[stage] = time.perf_counter() - before
        return result


def make_repository(root: Path, clusters: int) -> None:
    """A git repository with a clean fleet of that size, its manifests rendered and committed."""
    shutil.copytree(resource_dir("policies"), root / "policies")
    shutil.copytree(resource_dir("templates"), root / "templates")
    write_changes(root, make_fleet(clusters))
    _git(root, "init", "--quiet", "--initial-branch=main")
    run_process(root, sys.executable, "-m", "lockstep", "render")
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message=A fleet to measure")
    _git(
        root,
        "commit",
        "--quiet",
        "--allow-empty",
        "--message=A commit on top, so that there is a base",
    )


def measure(root: Path) -> list[Timing]:
    """Time each stage in this process and the whole check in one of its own, twice.

    Ends the program if there is any finding: the time of a check that stops early is no measure.
    """
    passes = []
    check = (sys.executable, "-m", "lockstep", "check", "--all", f"--now={format_time(NOW)}")
    cache = str(root / ".git" / "cache")  # empty now, and gone with the repository
    for _ in range(2):
        watch = Stopwatch()
        watch.time(WHOLE, lambda: run_process(root, *check, LOCKSTEP_CACHE=cache))
        _stages(root, watch)
        passes.append(watch.seconds)
    cold, again = passes
    order = [*(stage for stage in cold if stage != WHOLE), WHOLE]
    return [Timing(stage, cold[stage], again[stage]) for stage in order]


def _stages(root: Path, watch: Stopwatch) -> None:
    tree = watch.time("read", lambda: read_tree(root, FOLDERS))
    documents = Documents()
    fleet, findings = watch.time("load", lambda: assemble(tree, documents))
    _require_clean(findings)
    old = watch.time("load base", lambda: _base(root, documents))
    _require_clean(watch.time("validate", lambda: validate_fleet(fleet, Schemas(tree))))
    templates = watch.time("templates", lambda: Templates(tree, read_kubernetes_schema))
    rendered, findings = watch.time("render", lambda: render_fleet(fleet, templates))
    _require_clean(findings)
    objects = _objects(fleet, templates, _kinds(tree))
    _require_clean(watch.time("compare", lambda: compare(rendered, tree)))
    _require_clean(watch.time(POLICY, lambda: _policy(tree, fleet, old, objects)))
    _bare_eval(watch, tree, policy_inputs(fleet, old, NOW, rendered=objects))


def _base(root: Path, documents: Documents) -> Fleet | None:
    git = Git.find(root)
    with git.storing() as storing:
        base = find_base(git, None, storing.work_tree_id(FOLDERS))
    return assemble(git.read_tree(base.commit, FOLDERS[:2]), documents)[0] if base else None


def _kinds(tree: Tree) -> set[str]:
    return {kind for rule in expected_rules(tree) for kind in rule.reads}


def _objects(
    fleet: Fleet, templates: Templates, kinds: set[str]
) -> dict[str, dict[str, list[Json]]]:
    """The rendered objects that rules read, by the path of their cluster."""
    return {
        cluster.path: objects_by_kind(folder, kinds)
        for family in fleet.families()
        for cluster, folder in render_family(
            family, fleet.environments[family.environment], templates
        )
    }


def _policy(tree: Tree, new: Fleet, old: Fleet | None, objects: RenderedObjects) -> list[Finding]:
    """Start an OPA and evaluate all rules, as a check does while it renders."""
    with ExitStack() as stack:
        policy_set = open_policy_set(stack, policies_of(tree))
        items = policy_inputs(new, old, NOW, rendered=objects)
        found = interpret(items, policy_set.evaluate(items, NOW), policy_set.rules, _nowhere)
        return [judged.finding for judged in found]


def _nowhere(_: PolicyItem, kind: str, name: str, pointer: str) -> Finding:
    return Finding(f"{kind}/{name}", 1, 1, "", "", "", pointer)


def _bare_eval(watch: Stopwatch, tree: Tree, items: list[PolicyItem]) -> None:
    """The same rules on the same items in one batch, by ``opa eval`` without Lockstep."""
    (batch,) = batches(items, expected_rules(tree), Moment(NOW), size=len(items))
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as name:
        folder = Path(name)
        write_policy_files(policy_files(policies_of(tree)), folder)
        (folder / "input.json").write_text(json.dumps(batch))
        data = [f"--data={argument}" for argument in ARGUMENTS]
        argv = [str(find_opa()), "eval", "--format=raw", "--input=input.json", *data]
        watch.time(BARE, lambda: run_process(folder, *argv, "count(data.lockstep.answers)"))


def _require_clean(findings: Iterable[Finding]) -> None:
    for finding in findings:
        place = f"{finding.file}:{finding.line}:{finding.column}"
        sys.exit(f"the fleet to measure is not clean: {place}: {finding.rule}: {finding.message}")


def _git(root: Path, *arguments: str) -> None:
    run_process(
        root, "git", "-c", "user.name=Bench", "-c", "user.email=bench@example.com", *arguments
    )


def run_process(root: Path, *argv: str, accepted: Sequence[int] = (0,), **environment: str) -> None:
    """Run a program in ``root`` to its end; ends this one where its exit code is not accepted."""
    # As it is installed: with bytecode, whatever the caller's environment says about writing it.
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment}
    done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in accepted:
        said = (done.stdout + done.stderr)[-4000:]
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{said}")

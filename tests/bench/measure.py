"""Times the stages of a check one by one, and ``lockstep check`` as people run it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lockstep.commands.check import base_commit, fleet_at
from lockstep.commands.policing import judge, start_opa
from lockstep.edges.files import read_tree, write_changes
from lockstep.edges.git import Git
from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.edges.resources import resource_dir
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet, Tree
from lockstep.stages.assemble import assemble
from lockstep.stages.load import Documents
from lockstep.stages.render import Templates, render_fleet
from lockstep.stages.render_compare import compare
from lockstep.stages.validate import Schemas, validate_fleet
from tests.bench.fleet import make_fleet

FOLDERS = ("clusters", "ledger", "policies", "templates", "rendered")
WHOLE = "lockstep check"
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
        """What ``work`` gives, with the time that it took noted under ``stage``."""
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
    _run(root, sys.executable, "-m", "lockstep", "render")
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message=A fleet to measure")
    _git(root, "commit", "--quiet", "--allow-empty", "--message=What is checked against it")


def measure(root: Path) -> list[Timing]:
    """Each stage in this process and the whole check in one of its own, twice.

    Ends the program where anything is found: the time of a check that stops early says nothing.
    """
    passes = []
    check = (sys.executable, "-m", "lockstep", "check")
    cache = str(root / ".git" / "cache")  # empty now, and gone with the repository
    for _ in range(2):
        watch = Stopwatch()
        watch.time(WHOLE, lambda: _run(root, *check, LOCKSTEP_CACHE=cache))
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
    _require_clean(watch.time("policy", lambda: _policy(tree, fleet, old)))
    templates = watch.time("templates", lambda: Templates(tree, read_kubernetes_schema))
    rendered, findings = watch.time("render", lambda: render_fleet(fleet, templates))
    _require_clean(findings)
    _require_clean(watch.time("compare", lambda: compare(rendered, tree)))


def _base(root: Path, documents: Documents) -> Fleet | None:
    git = Git.find(root)
    commit = base_commit(git, None)
    return fleet_at(git, commit, documents) if commit else None


def _policy(tree: Tree, new: Fleet, old: Fleet | None) -> list[Finding]:
    with start_opa(tree) as opa:
        return judge(opa, tree, new, old)


def _require_clean(findings: Iterable[Finding]) -> None:
    for finding in findings:
        place = f"{finding.file}:{finding.line}:{finding.column}"
        sys.exit(f"the fleet to measure is not clean: {place}: {finding.rule}: {finding.message}")


def _git(root: Path, *arguments: str) -> None:
    _run(root, "git", "-c", "user.name=Bench", "-c", "user.email=bench@example.com", *arguments)


def _run(root: Path, *argv: str, **environment: str) -> None:
    env = {**os.environ, **environment}
    done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr)[-4000:]
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{said}")

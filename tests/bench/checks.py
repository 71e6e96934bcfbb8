"""Measures ``lockstep check`` as a whole program: of all, of a change, and with nothing changed."""

import json
import shutil
import sys
from pathlib import Path

from lockstep.check.compiled import policies_of
from lockstep.edges.files import read_tree, write_changes
from lockstep.edges.resources import shipped_root
from lockstep.model.times import Moment, format_time
from lockstep.opa.binary import find_opa
from lockstep.opa.files import ARGUMENTS, policy_files, write_policy_files
from lockstep.policy import batches, expected_rules
from tests.bench.fleet import make_fleet
from tests.bench.processes import Samples, run_process
from tests.bench.stages import FOLDERS, NOW, load, objects_of
from tests.unit.whole_fleets import policy_inputs

BARE = "opa eval, one batch"
WHOLE = "check --all"
AGAIN = "check --all again, nothing changed"
ONE_COLD = "check, 1 cluster changed, no cache"
ONE_WARM = "check, 1 cluster changed, base in the cache"
STAGED = "check --staged, 1 file staged, base in the cache"
HELP, PYTHON = "lockstep --help", "python -c pass"

_CHECK = (sys.executable, "-m", "lockstep", "check", f"--now={format_time(NOW)}")


def make_repository(root: Path, clusters: int) -> None:
    """A git repository with a clean fleet of that size, its manifests rendered and committed."""
    shutil.copytree(shipped_root() / "policies", root / "policies")
    shutil.copytree(shipped_root() / "templates", root / "templates")
    write_changes(root, make_fleet(clusters))
    _git(root, "init", "--quiet", "--initial-branch=main")
    run_process(root, sys.executable, "-m", "lockstep", "render")
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message=A fleet to measure")
    _git(root, "commit", "--quiet", "--allow-empty", "--message=Another, so that there is a base")


def measure_checks(root: Path, passes: int, *, bare: bool) -> dict[str, Samples]:
    """Run each check of the fleet in ``root`` several times; ``bare`` adds what they are held
    against: a bare ``opa eval`` of the same rules and items, and the start of Python.

    In turn, so that what else the machine does slows all of them down alike.
    """
    samples: dict[str, Samples] = {}

    def measure(name: str, *argv: str, folder: Path = root, cache: str = "") -> None:
        samples.setdefault(name, Samples()).measure(folder, *argv, LOCKSTEP_CACHE=cache)

    caches = root / ".git" / "caches"  # gone with the repository
    eval_folder = caches / "eval"
    if bare:
        _write_eval(root, eval_folder)
    for number in range(passes):
        base, changed = caches / f"base-{number}", caches / f"changed-{number}"
        measure(WHOLE, *_CHECK, "--all", cache=str(base))
        measure(AGAIN, *_CHECK, "--all", cache=str(base))
        file = _change_one(root, number)
        measure(ONE_COLD, *_CHECK, "--base=HEAD", cache=str(changed))
        _copy(base, changed)
        measure(ONE_WARM, *_CHECK, "--base=HEAD", cache=str(changed))
        _git(root, "add", file)
        _copy(base, changed)
        measure(STAGED, *_CHECK, "--base=HEAD", "--staged", cache=str(changed))
        _git(root, "reset", "--quiet", "--hard")
        if bare:
            measure(BARE, *_eval(), folder=eval_folder)
            measure(HELP, sys.executable, "-m", "lockstep", "--help")
            measure(PYTHON, sys.executable, "-c", "pass")
    return samples


def _change_one(root: Path, number: int) -> str:
    """Add a comment to one cluster's file, another one each time; its path."""
    folder = root / "clusters" / "prod"
    specs = sorted(p for p in folder.glob("*/*.yaml") if p.name != "family.yaml")
    file = specs[(len(specs) // 2 + number) % len(specs)]
    file.write_bytes(file.read_bytes() + b"# changed\n")
    return file.relative_to(root).as_posix()


def _copy(cache: Path, copy: Path) -> None:
    """Replace a cache with another one."""
    shutil.rmtree(copy)
    shutil.copytree(cache, copy)


def _write_eval(root: Path, folder: Path) -> None:
    """The same rules and the same items in one batch, as ``opa eval`` reads them."""
    tree = read_tree(root, FOLDERS)
    folder.mkdir(parents=True)
    fleet, old = load(root, tree)
    items = policy_inputs(fleet, old, NOW, rendered=objects_of(tree, fleet))
    (batch,) = batches(items, expected_rules(tree), Moment(NOW), size=len(items))
    write_policy_files(policy_files(policies_of(tree)), folder)
    (folder / "input.json").write_text(json.dumps(batch))


def _eval() -> list[str]:
    data = [f"--data={argument}" for argument in ARGUMENTS]
    argv = [str(find_opa()), "eval", "--format=raw", "--input=input.json", *data]
    return [*argv, "count(data.lockstep.answers)"]


def _git(root: Path, *arguments: str) -> None:
    named = ("-c", "user.name=Bench", "-c", "user.email=bench@example.com")
    run_process(root, "git", *named, *arguments)

"""The worked examples of the documentation, carried out in a copy of the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError
from lockstep.opa.binary import find_opa
from tests.acceptance.worked_examples import (
    ROOT,
    WorkedExample,
    all_examples,
    patched,
)

EXAMPLES = all_examples()

# The tests that would notice a second place that lists what an example adds, by its title. What the
# commands of an example test is not tested again.
TESTS = {
    "Add a rule": (
        "tests/unit/commands/test_policy_catalogue.py",
        "tests/unit/policy/test_rules.py",
    ),
    "Add a component": (
        "tests/unit/render/test_compare.py",
        "tests/unit/render/test_fleet.py",
        "tests/unit/render/trace/test_trace.py",
        # One cluster with every field shows what the golden ones would; each takes seconds.
        "-k", "not churn and not recommender and not detection",
    ),
    "Add a gate source": (
        "tests/unit/spec/schema",
        "tests/unit/commands/test_schema_docs.py",
    ),
}  # fmt: skip

# Properties that hold for any input are tested with many inputs elsewhere: an example adds none.
PYTEST = (
    sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider",
    "-m", "not hypothesis",
)  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What git tracks of this repository, with changes that are not committed, as a repository."""
    listed = _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        target = tmp_path / name
        if (ROOT / name).is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    _git(tmp_path, "init", "--quiet", "--initial-branch=main")
    _commit(tmp_path, "Before the example")
    return tmp_path


def _git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def _commit(folder: Path, message: str) -> None:
    name = ("-c", "user.name=Reader", "-c", "user.email=reader@example.com")
    _git(folder, "add", "--all")
    _git(folder, *name, "commit", "--quiet", "--message", message)


def _run(folder: Path, *argv: str) -> None:
    """Run a command with the copy's own program. Fails the test if the command fails."""
    try:
        opa = find_opa()
    except LockstepError as error:
        pytest.skip(f"OPA is missing: {error.message}")
    programs = folder / ".programs"
    programs.mkdir(exist_ok=True)
    lockstep = programs / "lockstep"
    lockstep.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lockstep "$@"\n')
    lockstep.chmod(0o755)
    path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {
        **os.environ, "PATH": os.pathsep.join(path), "PYTHONPATH": str(folder / "scripts"),
        "LOCKSTEP_OPA": str(opa), "LOCKSTEP_CACHE": "",
    }  # fmt: skip
    done = subprocess.run(
        argv, cwd=folder, env=environment, check=False, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, f"{argv[-1]}\n{done.stdout}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_an_example_needs_no_other_edit_than_those_shown(
    example: WorkedExample, copy: Path
) -> None:
    example.apply(copy)
    _run(copy, "bash", "-euc", example.commands)
    _commit(copy, example.title)
    _run(copy, *PYTEST, *TESTS[example.title])


def test_every_example_is_found() -> None:
    assert [example.title for example in EXAMPLES] == list(TESTS)
    assert all(example.files and example.commands for example in EXAMPLES)


def test_an_edit_replaces_what_is_in_the_file_once() -> None:
    diff = " a\n-b\n+c\n"
    assert patched("x\na\nb\ny\n", diff) == "x\na\nc\ny\n"
    for text in ("a\n", "a\nb\na\nb\n"):
        with pytest.raises(AssertionError, match="times in the file"):
            patched(text, diff)

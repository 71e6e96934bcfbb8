"""How git is run: the caller's environment cannot point it elsewhere or make it wait."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.edges.repositories import git, new_repository

SHOW = """
import json, os
from pathlib import Path
from lockstep.edges.git import Git
from lockstep.edges.git import command
print(json.dumps([Git(Path.cwd()).resolve("HEAD"), command._environment()]))
"""


def seen(folder: Path, **environment: str) -> tuple[str, dict[str, str]]:
    """HEAD as Lockstep sees it in ``folder``, and what it hands to git, in this environment."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=folder, capture_output=True, check=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    head, handed = json.loads(done.stdout)
    return head, handed


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Two repositories with different commits."""
    for name in ("here", "elsewhere"):
        new_repository(tmp_path / name, {name: b""})
    return tmp_path / "here", tmp_path / "elsewhere"


def test_variables_of_a_hook_do_not_point_git_elsewhere(places: tuple[Path, Path]) -> None:
    here, elsewhere = places
    pointing = {
        "GIT_DIR": str(elsewhere / ".git"),
        "GIT_WORK_TREE": str(elsewhere),
        "GIT_INDEX_FILE": str(elsewhere / ".git" / "index"),
        "GIT_OBJECT_DIRECTORY": "/nowhere",
        "GIT_NAMESPACE": "x",
        "GIT_CEILING_DIRECTORIES": "/",
        "GIT_EXTERNAL_DIFF": "false",
        "GIT_LITERAL_PATHSPECS": "0",
        "GIT_TRACE": "1",
    }
    head, handed = seen(here, **pointing)
    assert head == git(here, "rev-parse", "HEAD") != git(elsewhere, "rev-parse", "HEAD")
    assert not handed.keys() & pointing.keys()


def test_identity_and_transport_stay_and_nothing_prompts(places: tuple[Path, Path]) -> None:
    kept = {
        "GIT_AUTHOR_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_SSH_COMMAND": "ssh -x",
        "GIT_CONFIG_COUNT": "0", "GIT_SSL_CAINFO": "/x", "HOME": "/x", "HTTPS_PROXY": "x",
    }  # fmt: skip
    _, handed = seen(places[0], GIT_TERMINAL_PROMPT="1", LC_ALL="de_DE.UTF-8", **kept)
    assert {key: handed.get(key) for key in kept} == kept
    assert (handed["GIT_TERMINAL_PROMPT"], handed["LC_ALL"]) == ("0", "C.UTF-8")


def test_a_program_named_by_the_repository_is_not_run(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    monitor = tmp_path / ".git" / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    monitor.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(monitor))
    assert made.work_tree_id(["clusters"]) == git(tmp_path, "rev-parse", "HEAD^{tree}")
    assert not (tmp_path / "pwned").exists()

"""Real git repositories for tests: a work tree, and a bare remote that it follows."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lockstep.edges.git import Git


def git(folder: Path, *arguments: str) -> str:
    """Run git; what it printed, without the last line break."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, check=True,
        env={**os.environ, "GIT_COMMITTER_DATE": "2026-03-01T08:00:00Z"},
    )  # fmt: skip
    return os.fsdecode(done.stdout).rstrip("\n")


def new_repository(folder: Path, files: dict[str, bytes] | None = None) -> Git:
    """A repository on branch ``main`` with one commit of these files."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "A Tester")
    git(folder, "config", "user.email", "tester@example.com")
    commit(folder, files if files is not None else {"clusters/a.yaml": b"a: 1\n"})
    return Git(folder)


def commit(folder: Path, files: Mapping[str, bytes | None]) -> str:
    """Write (or with None delete) files and commit them; the commit's id."""
    for path, data in files.items():
        target = folder / path
        if data is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "change")
    return git(folder, "rev-parse", "HEAD")


def child(made: Git, files: Mapping[str, bytes | None], parent: str = "HEAD") -> str:
    """A commit made without the work tree, on top of ``parent``."""
    base = git(made.root, "rev-parse", parent)
    return made.commit_tree(made.write_tree(base, files), [base], "decided")


def with_remote(folder: Path) -> tuple[Git, Path]:
    """A clone with one commit, and the bare remote to which it was pushed."""
    remote = folder / "remote.git"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    made = new_repository(folder / "clone")
    git(made.root, "remote", "add", "origin", str(remote))
    git(made.root, "push", "--quiet", "--set-upstream", "origin", "main")
    return made, remote


def another_clone(folder: Path, remote: Path) -> Git:
    """A second clone of the remote, with another committer."""
    git(folder, "clone", "--quiet", str(remote), "other")
    other = folder / "other"
    git(other, "config", "user.name", "B Tester")
    git(other, "config", "user.email", "other@example.com")
    return Git(other)

"""What a verb works on: the repository, its tree at a commit or in the work tree."""

from collections.abc import Iterable

from lockstep.edges.files import read_tree
from lockstep.edges.git import Git
from lockstep.model.errors import NothingToCheck
from lockstep.model.fleet import Tree

SOURCES = ("clusters", "ledger", "policies", "templates")
"""The folders that decide everything; ``rendered`` follows from them."""

EVERYTHING = (*SOURCES, "rendered")


_TOLD = ("clusters", "rendered")
"""Where a check tells what is no file beside all else; rules and records must be whole."""


def work_tree(git: Git, folders: Iterable[str] = EVERYTHING, *, collect: bool = False) -> Tree:
    """The files of the work tree. Raises NothingToCheck where it declares no cluster.

    Raises Invalid for a submodule, a symbolic link or a huge file; with ``collect`` for the last
    two only among rules, templates and records, and elsewhere the tree has a NoFile.
    """
    wanted = tuple(folders)
    git.refuse_submodules(wanted)
    others = (git.root / "policies").is_dir()  # without rules there is nothing else to tell
    tree = read_tree(git.root, wanted, collect=_TOLD if collect and others else ())
    require_clusters(tree)
    return tree


def require_clusters(tree: Tree) -> None:
    """Raise NothingToCheck for a tree without specs: it must not look like a clean one."""
    if not any(path.startswith("clusters/") and path.endswith(".yaml") for path in tree):
        raise NothingToCheck(
            "there are no clusters to work on: clusters/ holds no .yaml file",
            fix="add clusters/<environment>/environment.yaml and a family; see the README",
        )

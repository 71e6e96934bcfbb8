"""The work tree as a verb reads it: which folders, and what is refused in them."""

from collections.abc import Iterable

from lockstep.edges.files import read_tree
from lockstep.edges.git import Git
from lockstep.model.errors import NothingToCheck
from lockstep.model.fleet import Tree
from lockstep.spec import settings

SOURCES = ("clusters", "ledger", "policies", "templates", settings.PATH)
"""The folders, and the one file, that decide everything; ``rendered`` follows from them."""

EVERYTHING = (*SOURCES, "rendered")

_COLLECTED = ("clusters", "rendered")
"""Where a link or a huge file is a finding among others. Without a rule or a record there is
nothing to rely on, so elsewhere it ends the check."""


def work_tree(git: Git, folders: Iterable[str] = EVERYTHING, *, collect: bool = False) -> Tree:
    """The files of the work tree. Raises NothingToCheck where it declares no cluster.

    Raises Invalid for a submodule, a symbolic link or a huge file. With ``collect`` it does so for
    links and huge files among rules, templates and records only; elsewhere the tree has a NoFile.
    """
    wanted = tuple(folders)
    git.require_work_tree()
    # Its files are in another repository, so no commit of this one says what they are.
    git.refuse_submodules(wanted)
    checked = collect and (git.root / "policies").is_dir()  # without rules nothing can be found
    tree = read_tree(git.root, wanted, collect=_COLLECTED if checked else ())
    require_clusters(tree)
    return tree


def require_clusters(tree: Tree) -> None:
    """Raise NothingToCheck for a tree without specs, which must not pass as a clean fleet."""
    if not any(path.startswith("clusters/") and path.endswith(".yaml") for path in tree):
        raise NothingToCheck(
            "there are no clusters to work on: clusters/ holds no .yaml file",
            fix="add clusters/<environment>/environment.yaml and a family; see the README",
        )

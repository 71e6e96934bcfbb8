"""The work tree as a verb reads it: as git would store it, and what is refused in it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from lockstep.edges.files import read_tree, refuse_no_file
from lockstep.edges.git import Git
from lockstep.edges.git.attributes import ATTRIBUTES
from lockstep.edges.resources import shipped_tree
from lockstep.model.errors import NothingToCheck
from lockstep.model.finding import Finding
from lockstep.model.paths import NOT_READ_AS_YML, SETTINGS, as_yaml
from lockstep.model.tree import Tree

SOURCES = ("clusters", "ledger", "policies", "templates", SETTINGS)
"""The folders, and the one file, that decide everything; ``rendered`` follows from them."""

EVERYTHING = (*SOURCES, "rendered")

_SHOWN = 20
"""Ignored files that are reported: git may ignore a folder with any number of them."""

_COLLECTED = ("clusters", "rendered")
"""Where a link or a huge file is a finding among others. Without a rule or a record there is
nothing to rely on, so elsewhere it ends the check."""


def work_tree(git: Git, folders: Iterable[str] = EVERYTHING, *, collect: bool = False) -> Tree:
    """The files of the work tree as git would store them: what other clones would get.

    Raises as ``stored_tree`` does, UsageError in a bare repository, and LockstepError where git
    cannot store the files, because of a conflict in the index, for example.
    """
    wanted = tuple(folders)
    git.require_work_tree()
    with git.storing() as storing:
        return stored_tree(storing, storing.work_tree_id(wanted), wanted, collect=collect)


def stored_tree(
    git: Git, tree_id: str, folders: Sequence[str] = EVERYTHING, *, collect: bool = False
) -> Tree:
    """The files of a tree that was made of a work tree.

    Raises NothingToCheck where it declares no cluster, Invalid for a submodule, a symbolic link or
    a huge file. With ``collect`` it does so for links and huge files among rules, templates and
    records only; elsewhere the tree has a NoFile.
    """
    tree = with_shipped(git.read_tree(tree_id, folders, links=True), folders)
    # Without rules nothing can be found.
    checked = collect and any(path.startswith("policies/") for path in tree)
    refuse_no_file(tree, _COLLECTED if checked else ())
    require_clusters(tree)
    return tree


def with_shipped(tree: Tree, folders: Iterable[str] = EVERYTHING) -> Tree:
    """A tree of a fleet with the policies and templates that ship, where it lacks them.

    As it is, where ``folders`` that were read have none of these.
    """
    # What is in force is for rules to say, and these import what renders: a check that finds its
    # outcome in the cache needs none of that.
    from lockstep.policy.in_force import in_force

    return in_force(tree, shipped_for(tree)) if "policies" in folders else tree


def shipped_for(own: Tree) -> Tree:
    """What ships, for a fleet's own tree; nothing, and nothing is read, for a complete one."""
    from lockstep.policy.in_force import is_complete

    return {} if is_complete(own) else shipped_tree()


def refuse_unreadable(tree: Tree) -> Tree:
    """The same files. Raises Invalid for a link or a huge file among rules, templates, records."""
    refuse_no_file(tree, _COLLECTED)
    return tree


def fleet_folder(root: Path) -> Path:
    """The folder of the fleet that holds ``root``; ``root`` itself where it is in no repository."""
    return root if Git.at(root) is None else Git.find(root).root


def files_at(root: Path, folders: Sequence[str]) -> Tree:
    """The files below folders of ``root``, for verbs that need no fleet.

    As git would store them; as they are where ``root`` is in no repository. Raises Invalid for
    links and huge files.
    """
    git = Git.at(root)
    return read_tree(root, folders) if git is None else files_of(git, folders)


def files_of(git: Git, folders: Sequence[str]) -> Tree:
    """The files below folders of a work tree, which may declare no cluster; raises as files_at."""
    with git.storing() as storing:
        tree = storing.read_tree(storing.work_tree_id(folders), folders)
    refuse_no_file(tree)
    return tree


def ignored_findings(ignored: Sequence[str]) -> list[Finding]:
    """A finding for each file that git ignores where Lockstep would read it.

    Hidden files and prose, which an editor or a system may leave anywhere, are none of these.
    """
    read = [path for path in ignored if not _is_left_by_tools(path)]
    fix = "git add --force it, or move it; git check-ignore -v shows the line that ignores it"
    text = "git ignores this file, so no other clone has it"
    found = [Finding(path, 1, 1, "git.ignored", text, fix) for path in read[:_SHOWN]]
    if len(read) > _SHOWN:
        rest = f"{text}; nor {len(read) - _SHOWN} more that are not listed"
        found[-1] = replace(found[-1], message=rest)
    return found


def _is_left_by_tools(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    hidden = name.startswith(".") and name != ATTRIBUTES
    return name.endswith(".md") or (hidden and not name.endswith((".yaml", ".yml", ".json")))


def require_clusters(tree: Iterable[str]) -> None:
    """Raise NothingToCheck where no path of a tree is a spec: it must not pass as a clean fleet."""
    paths = [path for path in tree if path.startswith("clusters/")]
    if not any(path.endswith(".yaml") for path in paths):
        if named_yml := sorted(filter(as_yaml, paths)):
            first = named_yml[0]
            raise NothingToCheck(
                NOT_READ_AS_YML, where=first, fix=f"rename it to .yaml: {as_yaml(first)}"
            )
        raise NothingToCheck(
            "there are no clusters to work on: clusters/ holds no .yaml file",
            fix="run lockstep init, which writes the first files of a fleet",
        )

"""``lockstep check`` and ``lockstep validate``: the answer to a pull request."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from lockstep.commands.checking import (
    Checked,
    Outcome,
    compare_rendered,
    validate_tree,
    without_echo,
    without_malformed,
)
from lockstep.commands.policing import judge, start_opa
from lockstep.commands.workspace import work_tree
from lockstep.edges.cache import Cache, content_key
from lockstep.edges.git import Git
from lockstep.edges.opa_binary import find_opa, opa_version
from lockstep.model.document import Json
from lockstep.model.errors import UsageError
from lockstep.model.finding import arrange
from lockstep.model.fleet import Fleet, Tree
from lockstep.stages.assemble import assemble
from lockstep.stages.history import judge_history
from lockstep.stages.load import Documents

_DECLARES = ("clusters", "ledger")


def validate(root: Path) -> Outcome:
    """Hold the files of the work tree against schemas and each other."""
    return validate_tree(work_tree(Git.find(root))).outcome()


def check(root: Path, base: str | None) -> Outcome:
    """Validate, ask policy and compare ``rendered/``, with every finding collected.

    ``base`` is the commit that transitions are judged against; None takes HEAD where the work
    tree has changes, and the first parent of HEAD where it has none. Raises UsageError where it
    names no commit. The outcome for the same content is remembered.
    """
    git = Git.find(root)
    tree = work_tree(git)
    commit = base_commit(git, base)
    cache = Cache.of_user()
    before = git.object_ids(commit, _DECLARES) if commit else {}
    key = content_key([tree], ["check", opa_version(find_opa()), *before.values()])
    known = _remembered(cache.get(key))
    if known is not None:
        return known
    outcome = _check(git, tree, commit).outcome()
    cache.put(key, outcome.to_json())
    return outcome


def _check(git: Git, tree: Tree, commit: str | None) -> Checked:
    documents = Documents()  # the base shares most of its files with the head
    with start_opa(tree) as opa, ThreadPoolExecutor(1) as meanwhile:
        checked = validate_tree(tree, documents)
        old = fleet_at(git, commit, documents) if commit else None
        sound = without_malformed(checked)
        denied = meanwhile.submit(judge, opa, tree, sound, old)
        compared = compare_rendered(tree, checked)
        invalid = arrange((*compared.invalid, *judge_history(sound, old or Fleet())))
        return without_echo(replace(compared, invalid=invalid, denied=arrange(denied.result())))


def _remembered(kept: Json) -> Outcome | None:
    try:
        return Outcome.from_json(kept) if kept is not None else None
    except (KeyError, TypeError, ValueError):
        return None


def fleet_at(git: Git, commit: str, documents: Documents) -> Fleet:
    """The fleet that a commit declares; what is unreadable in it is not part of it."""
    return assemble(git.read_tree(commit, _DECLARES), documents)[0]


def base_commit(git: Git, base: str | None) -> str | None:
    """The commit to compare with; None where there is none before a first commit."""
    if base is None:
        changed = any(path.startswith(_DECLARES) for path in git.changes())
        return git.resolve("HEAD" if changed else "HEAD^1")
    commit = git.resolve(base)
    if commit is None:
        raise UsageError(f"{base[:100]!r} names no commit", fix="fetch it, or give another --base")
    return commit


def check_change(tree: Tree, before: Tree, *, way_back_only: bool) -> Checked:
    """What is wrong with a tree that a verb is about to commit on top of ``before``.

    Its rendering is the verb's own, so nothing is compared.
    """
    with start_opa(tree) as opa:
        documents = Documents()
        checked = validate_tree(tree, documents)
        old = assemble(before, documents)[0]
        sound = without_malformed(checked)
        denied = judge(opa, tree, sound, old, way_back_only=way_back_only)
    invalid = arrange((*checked.invalid, *judge_history(sound, old)))
    return replace(checked, invalid=invalid, denied=arrange(denied))

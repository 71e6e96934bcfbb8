"""``lockstep check`` and ``lockstep validate``: the answer to a pull request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from lockstep.check.base import base_commit, merge_result
from lockstep.check.pipeline import Question, examine
from lockstep.check.policy_sets import CHILD
from lockstep.check.validation import validate_tree
from lockstep.check.workspace import work_tree
from lockstep.edges.cache import Cache, content_key
from lockstep.edges.git import Git
from lockstep.model.canonical import digest_files
from lockstep.model.document import Json
from lockstep.model.fleet import NoFile, Tree
from lockstep.model.outcome import CONTENT, SHARD, Outcome
from lockstep.model.shard import WHOLE, Shard
from lockstep.opa.address import OpaOptions
from lockstep.opa.binary import find_opa, opa_version
from lockstep.policy import Moment
from lockstep.spec.assemble import assemble
from lockstep.spec.freezes import freezes_in_force

_BEFORE = ("clusters", "ledger", "policies")

_KNOWN_BY = ("clusters/", "ledger", "policies")
"""The same as git lists it with the folder of each environment."""


@dataclass(frozen=True)
class Asked:
    """How a check was called: its base (None: see base_commit), the time, the part of the work."""

    now: datetime
    base: str | None = None
    shard: Shard = WHOLE
    opa: OpaOptions = CHILD


def validate(root: Path) -> Outcome:
    """Hold the files of the work tree against schemas and each other."""
    tree = work_tree(Git.find(root), collect=True)
    return validate_tree(tree).outcome(tree)


def check(root: Path, asked: Asked) -> Outcome:
    """Validate, ask policy and compare ``rendered/``, with every finding collected.

    The policies of the base judge what a merge with it would give. Raises UsageError where the
    base is no commit, LockstepError where the change does not merge with it. The outcome for the
    same content and hour is remembered.
    """
    git = Git.find(root)
    commit = base_commit(git, asked.base)
    tree = work_tree(git, collect=True)
    refused = [f"{path} {data.decode()}" for path, data in tree.items() if isinstance(data, NoFile)]
    if asked.base is not None and commit is not None and not refused:
        tree = merge_result(git, tree, commit)
    cache = Cache.of_user()
    before = git.object_ids(commit, _KNOWN_BY) if commit else {}
    facts = [*_facts(tree, asked), _freezes_before(git, commit, before, asked), *before.values()]
    key = content_key([tree], [*facts, *refused])
    known = _remembered(cache.get(key))
    if known is not None:
        return known
    outcome = _check(git, tree, commit, asked)
    if asked.shard != WHOLE:
        outcome = _as_shard(outcome, asked.shard, tree, before)
    cache.put(key, outcome.to_json())
    return outcome


def _facts(tree: Tree, asked: Asked) -> list[str]:
    """What an outcome depends on beside the files: the hour, the freezes, the shard, OPA."""
    moment = Moment(asked.now).to_json()
    opa = [opa_version(find_opa()), repr(asked.opa)]
    return ["check", *opa, moment["now"], _freezes(tree, asked), str(asked.shard)]


def _freezes_before(git: Git, commit: str | None, known: Iterable[str], asked: Asked) -> str:
    """The freezes of the base that are in force: one that a change takes away holds for it."""
    folders = [path for path in known if path.startswith("clusters/")]
    if commit is None or not folders:
        return ""
    tree = git.read_tree(commit, [f"{folder}/environment.yaml" for folder in folders])
    return _freezes(tree, asked)


def _freezes(tree: Tree, asked: Asked) -> str:
    fleet, _ = assemble({p: d for p, d in tree.items() if p.endswith("/environment.yaml")})
    return repr([freezes_in_force(e, None, asked.now) for e in fleet.environments.values()])


def _check(git: Git, tree: Tree, commit: str | None, asked: Asked) -> Outcome:
    before = git.read_tree(commit, _BEFORE) if commit else None
    question = Question(tree, before, asked.now, asked.shard)
    return examine(question, asked.opa).outcome(tree)


def _as_shard(outcome: Outcome, shard: Shard, tree: Tree, before: Mapping[str, str]) -> Outcome:
    """The outcome with the part that it is about, and of what: merge-reports asks for both."""
    content = digest_files({**tree, **{path: oid.encode() for path, oid in before.items()}})
    return replace(outcome, summary={**outcome.summary, SHARD: str(shard), CONTENT: content})


def _remembered(kept: Json) -> Outcome | None:
    try:
        return Outcome.from_json(kept) if kept is not None else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None

"""``lockstep check`` over a work tree, with its outcome kept under all that it depends on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lockstep.check.attributes import attribute_findings
from lockstep.check.base import base_commit, merge_result
from lockstep.check.pipeline import CheckInput, check_tree
from lockstep.check.policy_sets import CHILD
from lockstep.check.validation import excerpts
from lockstep.check.workspace import EVERYTHING, ignored_findings, stored_tree
from lockstep.edges.cache import Cache, content_key
from lockstep.edges.git import Git
from lockstep.edges.git.history import LedgerReader
from lockstep.model.canonical import digest_files
from lockstep.model.document import Json
from lockstep.model.finding import arrange
from lockstep.model.fleet import NoFile, Tree
from lockstep.model.outcome import CONTENT, SHARD, Outcome
from lockstep.model.shard import WHOLE, Shard
from lockstep.opa.address import OpaOptions
from lockstep.opa.binary import find_opa, opa_version
from lockstep.policy import Moment
from lockstep.spec.assemble import assemble
from lockstep.spec.freezes import freezes_in_force

_BEFORE = ("clusters", "ledger", "policies")

_BEFORE_IDS = ("clusters/", "ledger", "policies")
"""The same for git ls-tree, whose slash asks for the id of each environment's folder."""


@dataclass(frozen=True)
class CheckOptions:
    """How a check was called: its base (None: see base_commit), the time, the part of the work.

    ``staged`` checks what is staged, and no other file of the work tree.
    """

    now: datetime
    base: str | None = None
    shard: Shard = WHOLE
    opa: OpaOptions = CHILD
    staged: bool = False


def check_work_tree(git: Git, options: CheckOptions) -> Outcome:
    """Check what a merge of the work tree into its base would give, by the base's policies.

    The work tree is read as git would store it. Raises UsageError where the base is not a commit,
    LockstepError where the change does not merge with it. The outcome for the same content and
    hour comes from the user's cache.
    """
    git.require_work_tree()
    with git.storing() as storing:
        return _check(storing, options)


def _check(git: Git, options: CheckOptions) -> Outcome:
    stored = git.stored_work_tree(EVERYTHING) if not options.staged else None
    tree_id = stored.tree if stored else git.index_tree_id()
    commit = base_commit(git, options.base, tree_id)
    if commit is not None:
        tree_id = merge_result(git, tree_id, commit)
    tree = stored_tree(git, tree_id, collect=True)
    outcome = _outcome(git, options, tree, commit)
    if options.shard.index != 1:  # as with all that belongs to no family
        return outcome
    # Never from the cache: this depends on more than the files.
    found = ignored_findings(stored.ignored if stored else ())
    found += attribute_findings(git, tree_id, tree)
    return replace(
        outcome,
        findings=arrange((*outcome.findings, *found)),
        excerpts={**outcome.excerpts, **excerpts(found, tree)},
    )


def _outcome(git: Git, options: CheckOptions, tree: Tree, commit: str | None) -> Outcome:
    refused = [f"{path} {data.decode()}" for path, data in tree.items() if isinstance(data, NoFile)]
    cache = Cache.of_user()
    # Ids are enough for the key: the base's files are read only where no outcome is kept.
    before = git.object_ids(commit, _BEFORE_IDS) if commit else {}
    facts = [*_facts(tree, options), _freezes_before(git, commit, before, options)]
    # `refused` too: a real file could hold the very text that says why another is not read.
    # What commits had done to records before this change is not in the files.
    facts.append(commit or "")
    key = content_key([tree], [*facts, *before.values(), *refused])
    known = _read(cache.get(key))
    if known is not None:
        return known
    base_tree = git.read_tree(commit, _BEFORE) if commit else None
    reader = LedgerReader(git)
    given = CheckInput(
        tree, base_tree, options.now, options.shard, history=lambda: reader.at(commit or "HEAD")
    )
    outcome = check_tree(given, options.opa).outcome()
    if options.shard != WHOLE:
        outcome = _of_shard(outcome, options.shard, tree, before)
    cache.put(key, outcome.to_json())
    return outcome


def _facts(tree: Tree, options: CheckOptions) -> list[str]:
    """What an outcome depends on in addition to the files: the hour, the freezes, the shard, OPA.

    Rules see the time by the hour, but a freeze begins and ends at any minute.
    """
    moment = Moment(options.now).to_json()
    opa = [opa_version(find_opa()), repr(options.opa)]
    return ["check", *opa, moment["now"], _freezes(tree, options), str(options.shard)]


def _freezes_before(
    git: Git, commit: str | None, before: Iterable[str], options: CheckOptions
) -> str:
    """The freezes of the base that are in force: a change that removes one is still under it."""
    folders = [path for path in before if path.startswith("clusters/")]
    if commit is None or not folders:
        return ""
    tree = git.read_tree(commit, [f"{folder}/environment.yaml" for folder in folders])
    return _freezes(tree, options)


def _freezes(tree: Tree, options: CheckOptions) -> str:
    fleet, _ = assemble({p: d for p, d in tree.items() if p.endswith("/environment.yaml")})
    return repr([freezes_in_force(e, None, options.now) for e in fleet.environments.values()])


def _of_shard(outcome: Outcome, shard: Shard, tree: Tree, before: Mapping[str, str]) -> Outcome:
    """The outcome with its shard and a digest of the content: merge-reports compares both."""
    content = digest_files({**tree, **{path: oid.encode() for path, oid in before.items()}})
    return replace(outcome, summary={**outcome.summary, SHARD: str(shard), CONTENT: content})


def _read(kept: Json) -> Outcome | None:
    """The outcome that was kept; None where there is none, or it cannot be read."""
    try:
        return Outcome.from_json(kept) if kept is not None else None
    except (KeyError, TypeError, ValueError, AttributeError):
        # The cache may hold anything, such as what another version wrote: then the check just runs.
        return None

"""``lockstep check`` over a work tree: its outcome is kept under all that it depends on."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from lockstep.check.workspace import EVERYTHING, ignored_findings, with_shipped
from lockstep.edges.cache import Cache
from lockstep.edges.content_key import content_key, program
from lockstep.edges.git import Git
from lockstep.edges.meanwhile import meanwhile
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.finding import arrange
from lockstep.model.ledger import REWRITTEN
from lockstep.model.outcome import BASE, CONTENT, OF, SHARD, Outcome
from lockstep.model.shard import WHOLE, Shard
from lockstep.opa.address import OpaOptions
from lockstep.opa.binary import find_opa, opa_version
from lockstep.text.excerpts import excerpts

if TYPE_CHECKING:
    from lockstep.check.change import Change

_ENGINE = (
    "lockstep.opa.session", "ryml", "jinja2", "lockstep.render", "lockstep.policy",
    "lockstep.check.change_check",
)  # fmt: skip
"""The modules that evaluate a change, in parts: an import that has begun cannot be ended."""


@dataclass(frozen=True)
class CheckOptions:
    """How a check was called: its base (None: see find_base), the time, the part of the work.

    ``staged`` checks what is staged, and no other file of the work tree. ``everything`` checks all
    families, not only those that the change touches.
    """

    now: datetime
    base: str | None = None
    shard: Shard = WHOLE
    opa: OpaOptions = field(default_factory=OpaOptions)
    staged: bool = False
    everything: bool = False


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
    with meanwhile(_preparations()):
        stored = git.stored_work_tree(EVERYTHING) if not options.staged else None
        tree_id = stored.tree if stored else git.index_tree_id()
    from lockstep.check.attributes import attribute_findings
    from lockstep.check.base import merged_with_base
    from lockstep.check.change import Change
    from lockstep.check.decisive_changes import decisive_findings
    from lockstep.check.pinned import require_pinned

    tree_id, base = merged_with_base(git, tree_id, options.base)
    require_pinned(git, tree_id, base)
    change = Change(
        git, tree_id, base, options.now, options.shard, options.opa, everything=options.everything
    )
    outcome = _outcome(change)
    if base is not None and OF in outcome.summary:  # not kept: a commit may have several names
        outcome = replace(outcome, summary={**outcome.summary, BASE: base.name})
    if options.shard.index != 1:  # as with all that belongs to no family
        return outcome
    # Never from the cache: this depends on more than the files.
    found = ignored_findings(stored.ignored if stored else ())
    found += attribute_findings(git, tree_id, EVERYTHING)
    if base is not None:
        found += decisive_findings(git, tree_id, base)
    if base is not None and base.pull_request:
        from lockstep.check.pull_request import changed_in_between

        known = {finding.file for finding in outcome.findings if finding.rule == REWRITTEN}
        found += [f for f in changed_in_between(git, base.commit) if f.file not in known]
    if not found:
        return outcome
    paths = git.file_ids(tree_id, EVERYTHING)
    named = {finding.file: paths[finding.file] for finding in found if finding.file in paths}
    return replace(
        outcome,
        findings=arrange((*outcome.findings, *found)),
        excerpts={**outcome.excerpts, **excerpts(found, git.read_files(named, links=True))},
    )


def _preparations() -> Iterator[object]:
    """What git's reading of the work tree leaves time for: it takes longer than most imports.

    First what every check needs to find its outcome in the cache, then what works it out.
    """
    yield import_module("lockstep.check.change")
    yield import_module("lockstep.check.attributes")
    yield import_module("lockstep.edges.cache_database")
    yield opa_version(find_opa())
    yield program()
    for name in _ENGINE:
        yield import_module(name)


def _outcome(change: "Change") -> Outcome:
    """The outcome, from the cache where nothing that it depends on is different."""
    cache = Cache.of_user()
    content = change.content
    key = content_key([], ["check", content, *change.facts])
    known = _read(cache.get(key))
    if known is not None:
        return known
    with _opa_ahead(change):
        from lockstep.check.change_check import check_change_of

        outcome = check_change_of(change, cache)
    if change.shard != WHOLE:  # merge-reports compares both
        about = {**outcome.summary, SHARD: str(change.shard), CONTENT: content}
        outcome = replace(outcome, summary=about)
    cache.put(key, outcome.to_json())
    return outcome


@contextmanager
def _opa_ahead(change: "Change") -> Iterator[None]:
    """Have OPA start while the block imports and reads the rest: nothing else takes as long."""
    from lockstep.opa.session import started_ahead

    with ExitStack() as stack:
        # What is wrong with the policies is reported where the check reads them.
        with suppress(LockstepError):
            if not change.opa.url:
                stack.enter_context(started_ahead(with_shipped(change.policy_files)))
        yield


def _read(kept: Json) -> Outcome | None:
    """The outcome that was kept; None where there is none, or it cannot be read."""
    try:
        return Outcome.from_json(kept) if kept is not None else None
    except (KeyError, TypeError, ValueError, AttributeError):
        # The cache may hold anything, such as what another version wrote: then the check just runs.
        return None

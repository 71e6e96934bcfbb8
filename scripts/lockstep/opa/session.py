"""Opens a session with an OPA: a child of this process, or the one that the options name."""

import atexit
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from lockstep.edges.cache import Cache
from lockstep.model.canonical import digest_json
from lockstep.opa.address import OpaOptions
from lockstep.opa.base import OpaSession
from lockstep.opa.binary import find_opa
from lockstep.opa.child import ChildOpa, OpaProcess, free_port
from lockstep.opa.compiler import InputSchemas
from lockstep.opa.files import policies_digest, policy_files
from lockstep.opa.remote import RemoteOpa

_CHILD = OpaOptions()
_KEPT = 2
"""Idle children at most: one for a change, one for its base."""

# A start takes longer than the evaluation of a family, and one process often checks many trees
# by the same policies: each family that advance moves, each example of a rule.
_idle: dict[tuple[str, ...], ChildOpa] = {}
"""Children that no session uses now, by what they hold; the one idle for longest comes first."""

_started: dict[tuple[str, str], OpaProcess] = {}
"""Processes that no session uses yet, by program and policies."""


@contextmanager
def started_ahead(policies: Mapping[str, bytes]) -> Iterator[None]:
    """Have an OPA start for the next session with these policies, while it is prepared.

    The end of the block stops it where no session has taken it. Raises LockstepError as that
    session would.
    """
    opa, files = find_opa(), policy_files(policies)
    serves = (str(opa), policies_digest(files))
    _started[serves] = process = OpaProcess(opa, files, free_port())
    try:
        yield
    finally:
        if _started.pop(serves, None) is not None:
            process.stop()


def opa_session(
    policies: Mapping[str, bytes],
    options: OpaOptions = _CHILD,
    *,
    schemas: InputSchemas | None = None,
    cache: Cache | None = None,
) -> AbstractContextManager[OpaSession]:
    """An OPA that holds ``policies`` (files by repository path), to be used as a context.

    It gets ready while the caller does something else. A child stays for the next session with
    the same policies, and ends with this process. An ``opa`` program is needed either way: its
    compiler checks that rules depend on their input alone. Raises LockstepError where there is
    none, or the policies or options cannot be used.
    """
    if options.url:
        return RemoteOpa(policies, find_opa(), options, schemas=schemas, cache=cache)
    return _child(policies, schemas, cache)


@contextmanager
def _child(
    policies: Mapping[str, bytes], schemas: InputSchemas | None, cache: Cache | None
) -> Iterator[ChildOpa]:
    opa = find_opa()
    serves = (str(opa), policies_digest(policy_files(policies)))
    holds = (*serves, digest_json(schemas))
    # Removed while it is in use: a session inside this one gets a child of its own.
    child = _idle.pop(holds, None)
    if child is None or not child.is_running():
        started = _started.pop(serves, None)
        child = ChildOpa(policies, opa, schemas=schemas, cache=cache, started=started)
    try:
        yield child
    except BaseException:
        child.close()  # it may be in the middle of an answer
        raise
    # Another session with the same policies may have ended meanwhile; one child is enough.
    surplus = [_idle.pop(holds)] if holds in _idle else []
    _idle[holds] = child
    surplus += [_idle.pop(key) for key in list(_idle)[:-_KEPT]]
    for each in surplus:
        each.close()


def close_unused() -> None:
    """End the idle children that never evaluated anything."""
    for key in [key for key, child in _idle.items() if not child.is_ready]:
        _idle.pop(key).close()


@atexit.register
def _close_idle() -> None:
    while _idle:
        _idle.popitem()[1].close()

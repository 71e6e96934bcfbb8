"""Which OPA judges: a child of this process, or one that the user has running."""

import atexit
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from lockstep.edges.cache import Cache
from lockstep.model.canonical import digest_json
from lockstep.opa.address import OpaOptions
from lockstep.opa.asking import OpaSession
from lockstep.opa.binary import find_opa
from lockstep.opa.files import policies_digest, policy_files
from lockstep.opa.remote import RemoteOpa
from lockstep.opa.schemas import Schemas
from lockstep.opa.server import OpaServer

_CHILD = OpaOptions()
_KEPT = 2
"""Idle children at most: one for a change, one for its base."""

_idle: dict[tuple[str, ...], OpaServer] = {}
"""Children that nobody asks just now, by what they hold; the one idle for longest first."""


def opa_session(
    policies: Mapping[str, bytes],
    options: OpaOptions = _CHILD,
    *,
    schemas: Schemas | None = None,
    cache: Cache | None = None,
) -> AbstractContextManager[OpaSession]:
    """An OPA that judges by ``policies`` (files by repository path), to be used as a context.

    It gets ready while the caller does something else. A child stays for the next session with
    the same policies, and ends with this process. An ``opa`` program is needed either way: its
    compiler says whether the rules keep to their input. Raises LockstepError where there is none,
    or the policies or options are unusable.
    """
    if options.url:
        return RemoteOpa(policies, find_opa(), options, schemas=schemas, cache=cache)
    return _child(policies, schemas, cache)


@contextmanager
def _child(
    policies: Mapping[str, bytes], schemas: Schemas | None, cache: Cache | None
) -> Iterator[OpaServer]:
    opa = find_opa()
    holds = (str(opa), policies_digest(policy_files(policies)), digest_json(schemas))
    server = _idle.pop(holds, None)
    if server is None or not server.is_running():
        server = OpaServer(policies, opa, schemas=schemas, cache=cache)
    try:
        yield server
    except BaseException:
        server.close()
        raise
    surplus = [_idle.pop(holds)] if holds in _idle else []
    _idle[holds] = server
    surplus += [_idle.pop(key) for key in list(_idle)[:-_KEPT]]
    for each in surplus:
        each.close()


@atexit.register
def _close_idle() -> None:
    while _idle:
        _idle.popitem()[1].close()

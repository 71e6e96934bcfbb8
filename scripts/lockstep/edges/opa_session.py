"""Which OPA judges: a child of this run, or one that the user has running."""

from collections.abc import Mapping

from lockstep.edges.cache import Cache
from lockstep.edges.opa import OpaServer
from lockstep.edges.opa_address import OpaOptions
from lockstep.edges.opa_asking import OpaSession
from lockstep.edges.opa_binary import find_opa
from lockstep.edges.opa_remote import RemoteOpa
from lockstep.edges.opa_schemas import Schemas

_CHILD = OpaOptions()


def opa_session(
    policies: Mapping[str, bytes],
    options: OpaOptions = _CHILD,
    *,
    schemas: Schemas | None = None,
    cache: Cache | None = None,
) -> OpaSession:
    """An OPA that judges by ``policies`` (files by repository path), to be used as a context.

    It gets ready while the caller does something else. An ``opa`` program is needed either way:
    its compiler says whether the rules keep to their input. Raises LockstepError where there is
    none, or the policies or options are unusable.
    """
    if options.url:
        return RemoteOpa(policies, find_opa(), options, schemas=schemas, cache=cache)
    return OpaServer(policies, find_opa(), schemas=schemas, cache=cache)

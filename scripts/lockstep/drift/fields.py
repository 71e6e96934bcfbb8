"""The fields in which a live object differs from what git says of it.

What git says must be there. What the API adds by itself (defaults, status) and what others may add
(annotations, managed fields) is no difference; where an addition changes what an object does, as a
header in the match of a route, a further container or another command of one, it is.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lockstep.differences.fields import FieldDifference, Item
from lockstep.differences.pairs import pair_items
from lockstep.drift.scalars import same_value
from lockstep.model.document import Json, Pointer

_ROUTING = frozenset({"networking.istio.io", "gateway.networking.k8s.io"})
"""Groups of APIs that add nothing to a spec and keep zeros: a spec must be the same as a whole."""

_WHOLE = frozenset({"selector", "matchLabels", "nodeSelector", "source"})
"""Mappings in which a further key changes what all others mean."""

_OF_SPEC = frozenset(
    {
        "paused", "externalIPs", "publishNotReadyAddresses", "sessionAffinityConfig", "behavior",
        "fallback", "idleReplicaCount", "ignoreDifferences", "namespaceResourceBlacklist",
        "signatureKeys",
    }
)  # fmt: skip
_OF_POD = frozenset(
    {"initContainers", "volumes", "hostNetwork", "hostAliases", "dnsConfig", "nodeName"}
)
_OF_CONTAINER = frozenset(
    {
        "command", "args", "env", "envFrom", "lifecycle", "volumeMounts", "workingDir",
        "startupProbe", "readinessProbe", "livenessProbe",
    }
)  # fmt: skip
"""What the API adds to no object: where git does not say it, a person or a program has."""

_OPEN = frozenset({"finalizers", "ownerReferences", "tolerations", "imagePullSecrets", "secrets"})
"""Lists to which controllers and admission add."""

_NOT_ZERO = frozenset(
    {"automountServiceAccountToken", "allowPrivilegeEscalation", "enableServiceLinks", "replicas"}
)
"""Fields whose default is not the zero value that the API leaves out."""

_COMPARED = ("labels", "annotations", "finalizers")


class FieldRules(NamedTuple):
    """How objects of one kind are compared: ``exact`` specs have nothing that git does not say.

    ``ignored`` are the fields that Argo CD was asked to ignore.
    """

    exact: bool = False
    ignored: frozenset[Pointer] = frozenset()


def comparison_of(group: str, ignored: frozenset[Pointer] = frozenset()) -> FieldRules:
    """How the objects of a group of APIs are compared."""
    return FieldRules(group in _ROUTING, ignored)


def live_differences(git: Json, live: Json, how: FieldRules) -> Iterator[FieldDifference]:
    """Each field of ``git`` that the live object has otherwise, and what changes its meaning."""
    mine, theirs = git.get("metadata") or {}, live.get("metadata") or {}
    for key in _COMPARED:
        if key in mine:
            yield from _differences(mine[key], theirs.get(key), ("metadata", key), FieldRules())
    for key in git:
        if key not in ("apiVersion", "kind", "metadata", "status"):
            yield from _differences(git[key], live.get(key), (key,), how)


def _differences(git: Json, live: Json, at: Pointer, how: FieldRules) -> Iterator[FieldDifference]:
    if at in how.ignored:
        return
    if live is None and _is_left_out(git, at, how):
        return
    if isinstance(git, dict) and isinstance(live, dict):
        yield from _of_mappings(git, live, at, how)
    elif isinstance(git, list) and isinstance(live, list):
        yield from _of_lists(git, live, at, how)
    elif not same_value(git, live, at):
        yield FieldDifference(at, git, live)


def _of_mappings(git: Json, live: Json, at: Pointer, how: FieldRules) -> Iterator[FieldDifference]:
    for key in git:
        yield from _differences(git[key], live.get(key), (*at, key), how)
    if how.exact or _WHOLE.intersection(at[-1:]):
        for key in sorted(live.keys() - git.keys()):
            if not _is_zero(live[key]):
                yield FieldDifference((*at, key), None, live[key])
        return
    for key in sorted(_telling(at) & (live.keys() - git.keys())):
        # A count of 0 says something.
        if not _is_zero(live[key]) or type(live[key]) is int:
            yield FieldDifference((*at, key), None, live[key])


def _telling(at: Pointer) -> frozenset[str]:
    """The fields in which an addition changes what the object does, of the mapping at ``at``."""
    if at == ("spec",):
        return _OF_SPEC
    if at == ("spec", "template", "spec"):
        return _OF_POD
    is_container = at[-2:-1] in (("containers",), ("initContainers",))
    return _OF_CONTAINER if is_container else frozenset()


def _of_lists(git: Json, live: Json, at: Pointer, how: FieldRules) -> Iterator[FieldDifference]:
    paired = pair_items(at, git, live)
    if paired is None:
        whole = len(git) != len(live) or any(
            True
            for one, other in zip(git, live, strict=False)
            for _ in _differences(one, other, at, how)
        )
        if whole:
            yield FieldDifference(at, git, live)
        return
    for label, mine, theirs in paired.items:
        place = (*at, Item(label))
        if mine is None:
            if not _OPEN.intersection(at[-1:]):
                yield FieldDifference(place, None, theirs)
        elif theirs is None:
            yield FieldDifference(place, mine, None)
        else:
            yield from _differences(mine, theirs, place, how)
    # Elsewhere a patch may put items in another order, which means the same.
    if paired.moved and how.exact:
        yield FieldDifference(at, *paired.moved, is_order=True)


def _is_left_out(git: Json, at: Pointer, how: FieldRules) -> bool:
    """Whether the API stores nothing for this value, because it is the same as nothing."""
    return git is None or (not how.exact and _is_zero(git) and not _NOT_ZERO.intersection(at[-1:]))


def _is_zero(value: Json) -> bool:
    return value is None or value is False or value in ("", 0) or value in ([], {})

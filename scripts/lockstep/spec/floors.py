"""The floors of versions: how many pods each has at least.

Where an autoscaler scales, a version that a rollback returns to has a higher floor than others, so
that the traffic never comes back to a set that was scaled down. Without one all versions have their
fixed replicas.
"""

from typing import NamedTuple

from lockstep.model.document import Json, value_at

_SCALERS = ("hpa", "keda")


class Floor(NamedTuple):
    """The fewest pods of a version, and the field of ``spec.serving`` that decides it."""

    pods: int
    field: tuple[str, ...]


class Floors(NamedTuple):
    """The floor of most versions, and that of a version that is kept warm for a rollback."""

    own: Floor
    warm: Floor


def is_autoscaled(serving: Json) -> bool:
    """Whether an autoscaler changes the number of pods, from the floor up."""
    # A null is no value, as in the merge with the family's defaults.
    return any(value_at(serving, (name,)) is not None for name in _SCALERS)


def floors_of(serving: Json, *, production: bool) -> Floors:
    """The floors of a cluster's versions; ``serving`` is valid, and has the shape of the spec.

    In production a version is warm with all pods that its autoscaler may start, because it
    is not known how many the traffic needs when it returns. Elsewhere it costs nothing by default.
    """
    own = Floor(serving["replicas"], ("replicas",))
    scalers = [name for name in _SCALERS if name in serving]
    if not scalers:
        return Floors(own, own)
    if "warmReplicas" in serving:
        return Floors(own, Floor(serving["warmReplicas"], ("warmReplicas",)))
    if not production:
        return Floors(own, own)
    # Two are a finding; until then none may get a floor above its maximum.
    least = min(scalers, key=lambda name: int(serving[name]["maxReplicas"]))
    return Floors(own, Floor(serving[least]["maxReplicas"], (least, "maxReplicas")))

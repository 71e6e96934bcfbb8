"""A family over its environments, as values: which version is verified where, and what comes next.

``lockstep.rollout.side_by_side`` makes them from the specs and the ledgers. They are msgspec
structs whose JSON has camelCase keys: times are RFC 3339 UTC. What there is not is null, or empty.

Environments may have registries of their own, so a version is the same as another one by its
content: its number alone says nothing outside of its environment.
"""

from enum import StrEnum

from msgspec import Struct, to_builtins

from lockstep.model.document import Json
from lockstep.model.status import RolloutState


class ObstacleKind(StrEnum):
    """What keeps the version that the predecessor has verified from coming next."""

    PREDECESSOR = "predecessor"  # it has nothing to give as it is now
    QUARANTINE = "quarantine"  # the version may not serve
    OLDER = "older"  # than what serves here
    STATE = "state"  # a rollout is not over here, or something has to be put in order
    PROPOSAL = "proposal"  # one is open on a branch
    BAKE = "bake"  # it has to serve in the predecessor for longer
    FREEZE = "freeze"
    POLICY = "policy"  # only promote --all leaves it out: people can promote the version


class ObstacleStatus(Struct, frozen=True, rename="camel"):
    """One thing that keeps the predecessor's version from coming next.

    ``reason`` is a sentence without a full stop, ``fix`` what to do about it (empty: nothing),
    ``until`` when it ends by time alone.
    """

    kind: ObstacleKind
    reason: str
    fix: str = ""
    until: str | None = None


class OpenProposal(Struct, frozen=True, rename="camel"):
    """A proposal on a branch of Lockstep's that could be merged: it would be the next record."""

    branch: str
    version: str
    digest: str


class VersionSince(Struct, frozen=True, rename="camel"):
    """The version that a family has verified, and still serves or returns to.

    ``version`` is its number in the registry of that environment, ``sequence`` the record that
    verified it, and ``since`` when that was decided.
    """

    version: str
    digest: str
    since: str
    sequence: int


class BehindStatus(Struct, frozen=True, rename="camel"):
    """How far an environment is behind its predecessor.

    ``versions`` is how many the predecessor has verified after the one that is verified here, and
    ``since`` when it verified the first of these; 0 and None where both have the same.
    ``versions`` is None where the predecessor does not have the version of here among those that
    it can return to; ``rolled_back_at`` is when it rolled that version back, if it did.
    """

    versions: int | None
    since: str | None = None
    rolled_back_at: str | None = None


class QuarantinedLater(Struct, frozen=True, rename="camel"):
    """A version of a family that is in quarantine in a later environment, where it may not serve.

    ``version`` is its number in the environment that this is said of, not in the later one.
    """

    environment: str
    version: str
    since: str
    reason: str
    decision: str


class EnvironmentStatus(Struct, frozen=True, rename="camel"):
    """A family in one of its environments, beside the others.

    ``serving`` are the versions with weight, ``rollout`` the one that is proposed or rolls out.
    ``predecessor`` is the environment before it where that has the family, else None; then there
    is nothing that it is behind, and nothing to promote to it. ``due`` is the predecessor's
    version that comes next, None where there is none, and ``obstacles`` what keeps it from coming.
    """

    environment: str
    state: RolloutState
    serving: tuple[str, ...] = ()
    verified: VersionSince | None = None
    rollout: str | None = None
    predecessor: str | None = None
    behind: BehindStatus | None = None
    due: VersionSince | None = None
    obstacles: tuple[ObstacleStatus, ...] = ()
    quarantined_later: tuple[QuarantinedLater, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether what is due could not be promoted now, not even by hand."""
        return any(each.kind is not ObstacleKind.POLICY for each in self.obstacles)


class SideBySide(Struct, frozen=True, rename="camel"):
    """A family in all of its environments, each after its predecessor."""

    family: str
    environments: tuple[EnvironmentStatus, ...]

    def to_json(self) -> Json:
        """Plain JSON data, with camelCase keys."""
        return to_builtins(self)

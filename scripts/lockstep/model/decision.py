"""Decision records: the chain in ``ledger/`` that says what was decided, why and on what."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lockstep.model.canonical import digest_json
from lockstep.model.document import Json
from lockstep.model.evidence import Evidence, Verdict

API_VERSION = "lockstep.dev/v1alpha1"

Variants = list[Json]
"""``spec.variants`` of one cluster: mappings with name, version, weight, and perhaps warm."""


class Action(StrEnum):
    """What a decision does; each is one record."""

    PROPOSE = "propose"
    ADVANCE = "advance"
    VERIFY = "verify"
    HOLD = "hold"
    RESUME = "resume"
    SHIFT = "shift"
    RESTORE = "restore"
    RELEASE = "release"
    ADOPT = "adopt"


class Phase(StrEnum):
    """Where a family stands. Only ``rolling`` and ``held`` have a wave and a step."""

    NEW = "new"
    STEADY = "steady"
    PROPOSED = "proposed"
    ROLLING = "rolling"
    HELD = "held"
    SHIFTED = "shifted"


@dataclass(frozen=True, slots=True)
class Position:
    """A phase, and inside a rollout the wave and the step in it, both counted from 0."""

    phase: Phase
    wave: int | None = None
    step: int | None = None

    def to_json(self) -> Json:
        """Plain JSON data; wave and step only where they have a meaning."""
        if self.wave is None:
            return {"phase": self.phase.value}
        return {"phase": self.phase.value, "wave": self.wave, "step": self.step}

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> "Position":
        """The inverse of to_json. Raises KeyError or ValueError on another shape."""
        return cls(Phase(data["phase"]), data.get("wave"), data.get("step"))

    def __str__(self) -> str:
        if self.wave is None or self.step is None:
            return self.phase.value
        return f"{self.phase.value} wave {self.wave + 1} step {self.step + 1}"


@dataclass(frozen=True, slots=True)
class Target:
    """The version that a decision is about, with its content digest from the lock."""

    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. ``variants`` is how every cluster of the family stands after it.

    ``previous`` is the digest of the record before it (None for the first), ``plan`` the waves
    and steps in force, ``base`` the commit that it was decided on, ``way_back`` (see Tracked)
    the git objects to which a later revert returns, ``unchecked`` what could not be asked.
    """

    environment: str
    family: str
    sequence: int
    previous: str | None
    action: Action
    target: Target
    source: Position
    to: Position
    variants: Mapping[str, Variants]
    reason: str
    actor: str
    decided_at: str
    base: str | None = None
    plan: Json = None
    verdict: Verdict | None = None
    evidence: tuple[Evidence, ...] = ()
    unchecked: tuple[str, ...] = ()
    way_back: "WayBack | None" = None
    restored: "Restored | None" = None
    quarantines: bool = False

    @property
    def id(self) -> str:
        """SHA-256 of what makes this decision this one: no evidence, time or runner in it."""
        return digest_json(
            {
                "environment": self.environment,
                "family": self.family,
                "previous": self.previous,
                "action": self.action.value,
                "target": self.target.digest,
                "from": self.source.to_json(),
                "to": self.to.to_json(),
            }
        )

    @property
    def path(self) -> str:
        """``ledger/<environment>/<family>/<sequence>.json``: two writers collide on it."""
        return record_path(self.environment, self.family, self.sequence)


@dataclass(frozen=True, slots=True)
class WayBack:
    """What a revert restores: git object ids of the specs, locks and rendered folders.

    ``files`` and ``folders`` map repository paths to blob and tree ids; ``seen`` is the commit
    at which they were seen live, and a place to fetch from in a shallow clone.
    """

    seen: str | None
    files: Mapping[str, str]
    folders: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Restored:
    """How a restore was done: to which record, and whether to the very bytes of it.

    ``changed`` lists the fields (``path#/pointer``) that people changed since and that stay;
    ``from_commit`` is set where old rendered bytes came back because the renderer has changed.
    """

    sequence: int
    exact: bool
    changed: tuple[str, ...] = ()
    bytes_from: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A decision as it stands in the ledger, with the digest of its file's bytes."""

    decision: Decision
    digest: str
    stated_id: str


def record_path(environment: str, family: str, sequence: int) -> str:
    """Six digits keep the names in order for ``ls`` and for git."""
    return f"ledger/{environment}/{family}/{sequence:06d}.json"

"""Decision records: the chain in ``ledger/`` that says what was decided, why and on what.

These are msgspec structs, because their fields are what a record's file holds: in camelCase, and
without the optional fields that have nothing to say. ``lockstep.model.record`` reads and writes
them. The bounds (``Meta``) hold for what is read; the program itself does not construct others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta, Struct, field, to_builtins

from lockstep.model.canonical import digest_json
from lockstep.model.document import Json
from lockstep.model.evidence import Evidence, Verdict
from lockstep.model.paths import record_path

API_VERSION = "lockstep.dev/v1alpha1"

Variants = list[Json]
"""``spec.variants`` of one cluster: mappings with name, version, weight, and perhaps warm."""

SequenceNumber = Annotated[int, Meta(ge=1, le=999_999)]
"""The number of a record: six digits, as in its file's name."""

# A git option or a revision such as HEAD:secret would reach git where an object id is expected.
GitObject = Annotated[str, Meta(pattern=r"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")]
"""An object id of git, in either of its object formats."""


ContentDigest = Annotated[str, Meta(pattern=r"\Asha256:[0-9a-f]{64}\Z")]
"""SHA-256 of a record's bytes or of a model's content, as Lockstep writes it."""


class Action(StrEnum):
    """What a decision does; each is one record."""

    PROPOSE = "propose"
    ADVANCE = "advance"
    VERIFY = "verify"
    HOLD = "hold"
    RESUME = "resume"
    SHIFT = "shift"
    RESTORE = "restore"
    RETIRE = "retire"
    RELEASE = "release"
    ADOPT = "adopt"


class Phase(StrEnum):
    """The phase that a family is in. Only ``rolling`` and ``held`` have a wave and a step."""

    NEW = "new"
    STEADY = "steady"
    PROPOSED = "proposed"
    ROLLING = "rolling"
    HELD = "held"
    SHIFTED = "shifted"


class Position(Struct, frozen=True, omit_defaults=True):
    """A phase, and inside a rollout the wave and the step in it, both counted from 0."""

    phase: Phase
    wave: Annotated[int, Meta(ge=0)] | None = None
    step: Annotated[int, Meta(ge=0)] | None = None

    def to_json(self) -> Json:
        """Plain JSON data; wave and step only where they have a meaning."""
        return to_builtins(self)

    def __str__(self) -> str:
        if self.wave is None or self.step is None:
            return self.phase.value
        # Records count from 0, people from 1.
        return f"{self.phase.value} wave {self.wave + 1} step {self.step + 1}"


class Target(Struct, frozen=True):
    """The version that a decision is about, with its content digest from the lock."""

    version: str
    digest: str


class Variant(TypedDict):
    """One recorded variant. A field that is not named here never reaches a spec in a restore."""

    name: str
    version: str
    weight: Annotated[int, Meta(ge=0, le=100)]
    warm: NotRequired[bool]
    experiment: NotRequired[bool]


# Object ids and no contents: git keeps those, and an id proves them.
class VerifiedState(Struct, frozen=True):
    """What a revert restores: git object ids of the specs, locks and rendered folders.

    ``files`` and ``folders`` map repository paths to blob and tree ids; ``commit`` is where they
    were seen live, and what to fetch in a shallow clone.
    """

    commit: GitObject | None
    files: Mapping[str, GitObject]
    folders: Mapping[str, GitObject]


class Restored(Struct, frozen=True, rename="camel"):
    """How a restore was done: to which record, and whether to the very bytes of it.

    ``changed`` lists the fields (``path#/pointer``) that people changed since and that stay in the
    specs; ``bytes_from`` is the commit whose rendered bytes came back because templates or the
    program have changed. With both, those fields are out of force until the next render.
    """

    sequence: SequenceNumber
    exact: bool
    changed: tuple[str, ...] = ()
    bytes_from: str | None = None


class PromotedFrom(Struct, frozen=True):
    """Which record of the predecessor has verified the version that a proposal promotes.

    ``environment`` is the predecessor, ``version`` the version's number there; ``sequence`` and
    ``record`` are number and digest of the record, in the family of the same name.
    """

    environment: str
    version: str
    sequence: SequenceNumber
    record: ContentDigest


def decision_id(
    environment: str,
    family: str,
    previous: str | None,
    action: Action,
    target: str,
    source: Position,
    to: Position,
) -> str:
    """The id of a decision, made or not; ``target`` is the content digest of its version."""
    # Two runners that decide the same at the same time must get the same id.
    return digest_json(
        {
            "environment": environment,
            "family": family,
            "previous": previous,
            "action": action.value,
            "target": target,
            "from": source.to_json(),
            "to": to.to_json(),
        }
    )


class Decision(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One decision. ``variants`` are those of every cluster of the family after it.

    ``previous`` is the digest of the record before it (None for the first), ``program_version``
    the version of Lockstep that decided, ``time_given`` whether ``decided_at`` was given by
    ``--now``, ``plan`` the waves and steps in force (that of
    a proposal names the rollout's comparisons), ``live_since`` when the step was live that it
    leaves: the bake and the grid of blocks begin then. ``base`` the commit that it was decided on,
    ``verified_state`` what a later revert may return to, ``unchecked`` what could not be checked,
    ``broken_records`` the records that it does not rely on: their digests by path, None for one
    that was removed. ``promoted_from`` is where the version comes from, of a proposal by a
    promotion.
    """

    environment: str
    family: str
    sequence: SequenceNumber
    previous: str | None
    action: Action
    target: Target
    source: Position = field(name="from")
    to: Position
    variants: Mapping[str, list[Variant]]
    reason: str
    actor: str
    decided_at: str
    program_version: str
    time_given: bool = False
    base: GitObject | None = None
    plan: Json = None
    verdict: Verdict | None = None
    evidence: tuple[Evidence, ...] = ()
    live_since: str | None = None
    unchecked: tuple[str, ...] = ()
    verified_state: VerifiedState | None = None
    restored: Restored | None = None
    quarantines: bool = False
    broken_records: Mapping[str, str | None] = field(default_factory=dict)
    promoted_from: PromotedFrom | None = None

    @property
    def id(self) -> str:
        """SHA-256 of what makes this decision this one: no evidence, time or runner in it."""
        return decision_id(
            self.environment, self.family, self.previous, self.action, self.target.digest,
            self.source, self.to,
        )  # fmt: skip

    @property
    def path(self) -> str:
        """``ledger/<environment>/<family>/<sequence>.json``: two writers collide on it."""
        return record_path(self.environment, self.family, self.sequence)


@dataclass(frozen=True, slots=True)
class Record:
    """A decision with its file: the bytes, their digest, and the id that is written in them.

    ``data`` may hold fields of a later program that ``decision`` does not have. ``unreadable``
    says why the decision has no evidence although the file has: it could not be read.
    """

    decision: Decision
    data: bytes
    digest: str
    stated_id: str
    unreadable: str = ""

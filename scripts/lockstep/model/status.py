"""The state of a fleet's families, as values: what serves, how far a rollout is, what it waits for.

``lockstep.rollout.status`` makes them from the specs and the ledger. They are msgspec structs whose
JSON has camelCase keys: times are RFC 3339 UTC, weights numbers from 0 to 100, and waves and steps
count from 1, as people do. What there is not is null, or empty.
"""

from enum import StrEnum

from msgspec import Struct, to_builtins

from lockstep.model.decision import Action
from lockstep.model.document import Json
from lockstep.model.evidence import Verdict
from lockstep.model.forecast import ForecastStep


class RolloutState(StrEnum):
    """The state of a family; what needs people most comes first."""

    MALFORMED = "malformed"  # a file of it cannot be used
    BROKEN = "broken"  # a record of its ledger cannot be relied on
    DIVERGED = "diverged"  # the specs are not those of the newest record
    SHIFTED = "shifted"  # the first half of a rollback is made
    HELD = "held"
    ROLLING = "rolling"
    PROPOSED = "proposed"
    NEW = "new"  # no record yet
    STEADY = "steady"


class WaitKind(StrEnum):
    """What a family waits for before it moves on."""

    SETTLE = "settle"  # people have to put files or records in order
    ADOPTION = "adoption"  # lockstep adopt makes the first record
    RESUME = "resume"  # a hold, until people end it
    LIVE = "live"  # Argo CD has to have the newest move of weights in every cluster
    BAKE = "bake"
    FREEZE = "freeze"
    GATES = "gates"
    APPROVAL = "approval"
    DECISION = "decision"  # nothing else: the next run of advance decides


class WaitFor(Struct, frozen=True, rename="camel"):
    """One thing that a family waits for.

    ``until`` is when it ends where that is known. ``seconds`` is how long a bake takes that has
    not begun, because the step is not known to be live. ``names`` are those of gates or of a
    freeze, ``clusters`` where they are asked. An approval is for the ``decision`` with this id, by
    ``count`` people of ``role``. ``reason`` is what people or records say.
    """

    kind: WaitKind
    until: str | None = None
    seconds: int | None = None
    names: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    reason: str = ""
    role: str = ""
    count: int | None = None
    decision: str = ""


class VariantStatus(Struct, frozen=True, rename="camel"):
    """One variant of a cluster: ``experiment`` says that it is an arm, and no role of a rollout."""

    name: str
    version: str
    weight: int
    warm: bool = False
    experiment: bool = False


class RegionStatus(Struct, frozen=True, rename="camel"):
    """What one cluster of a family serves; ``segment`` is empty where it is for all users."""

    cluster: str
    region: str
    segment: str
    variants: tuple[VariantStatus, ...]

    @property
    def serving(self) -> tuple[VariantStatus, ...]:
        """The variants with weight."""
        return tuple(each for each in self.variants if each.weight > 0)


class RolloutStatus(Struct, frozen=True, rename="camel"):
    """The running rollout: of which version, and how far it is.

    ``wave`` and ``step`` are None before the first step, and between the halves of a rollback;
    ``regions`` are those of the wave, ``weight`` is what the step gives them. ``began`` is when
    the step was decided, or resumed. ``next`` is the step that comes after it and
    ``verified_at`` the time of the verification, both as early as they can be: where every gate
    passes when it is asked. ``overdue_at`` is when the owner is notified that it still waits.
    """

    version: str
    waves: int
    steps: int
    wave: int | None = None
    step: int | None = None
    weight: int | None = None
    regions: tuple[str, ...] = ()
    began: str | None = None
    next: ForecastStep | None = None
    verified_at: str | None = None
    overdue_at: str | None = None


class SkewStatus(Struct, frozen=True, rename="camel"):
    """The versions that serve side by side, experiments left out.

    ``allowed_until`` is when ``consistency.maxSkewDuration`` ends, None without a skew or without
    that bound; ``breached`` that it is over.
    """

    versions: tuple[str, ...]
    since: str | None = None
    allowed_until: str | None = None
    breached: bool = False


class GateVerdict(Struct, frozen=True, rename="camel"):
    """What a gate said of a version in one cluster, by the record of a decision."""

    gate: str
    source: str
    cluster: str
    version: str
    verdict: Verdict
    reason: str
    asked_at: str


class QuarantineEntry(Struct, frozen=True, rename="camel"):
    """A version that may not serve; ``decision`` is the id of the one that put it there.

    ``other_registry`` says that ``version`` is its number in the registry of an earlier
    environment, because the family has no version with that content here.
    """

    version: str
    digest: str
    registry: str
    model: str
    since: str
    reason: str
    decision: str
    other_registry: bool = False


class FreezeInForce(Struct, frozen=True, rename="camel"):
    """A freeze that holds now: nothing moves forward until its end."""

    name: str
    until: str
    reason: str


class LastDecision(Struct, frozen=True, rename="camel"):
    """A decision by its record; ``time_given`` says that its time was given by ``--now``."""

    sequence: int
    action: Action
    version: str
    decided_at: str
    time_given: bool
    actor: str
    reason: str
    verdict: Verdict | None
    decision: str


class FamilyProblem(Struct, frozen=True, rename="camel"):
    """What is wrong with a file of a family, or with a record of it; ``line`` counts from 1."""

    file: str
    line: int
    message: str


class FamilyStatus(Struct, frozen=True, rename="camel"):
    """The state of one family.

    ``last`` is its newest decision. ``verdicts`` are those of ``judged``, which is the newest
    decision with evidence since the version was proposed. ``problems`` say what is malformed,
    broken or diverged; what else is here then comes from the files and records that can be used.
    """

    environment: str
    family: str
    owner: str
    state: RolloutState
    regions: tuple[RegionStatus, ...] = ()
    rollout: RolloutStatus | None = None
    waits_for: tuple[WaitFor, ...] = ()
    skew: SkewStatus = SkewStatus(())
    last: LastDecision | None = None
    judged: LastDecision | None = None
    verdicts: tuple[GateVerdict, ...] = ()
    quarantine: tuple[QuarantineEntry, ...] = ()
    freezes: tuple[FreezeInForce, ...] = ()
    problems: tuple[FamilyProblem, ...] = ()

    @property
    def title(self) -> str:
        """``<environment>/<family>``."""
        return f"{self.environment}/{self.family}"

    def to_json(self) -> Json:
        """Plain JSON data, with camelCase keys."""
        return to_builtins(self)


class ShownTree(Struct, frozen=True, rename="camel"):
    """Which files a verb shows that changes nothing, and how old they may be.

    ``commit`` is None for the work tree. ``branch`` is the followed one and ``remote`` its remote,
    both empty where that is not clear. ``fetched`` says that the remote was asked just now.
    Otherwise ``fetched_at`` is when this clone last had an answer of it (None: not known), and
    ``problem`` why it was not asked. ``behind`` is how many commits of the followed branch, as this
    clone knows it, what is shown lacks; None where that is not known.
    """

    commit: str | None = None
    branch: str = ""
    remote: str = ""
    address: str = ""
    fetched: bool = False
    fetched_at: str | None = None
    behind: int | None = None
    problem: str = ""

    def to_json(self) -> Json:
        """Plain JSON data, with camelCase keys."""
        return to_builtins(self)

"""What a gate asked, what the source answered, and what that meant."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct, to_builtins

from lockstep.model.approval import Approval
from lockstep.model.blocks import Block
from lockstep.model.document import Json
from lockstep.model.errors import NOT_CONFIGURED

ARGOCD = "argocd"
"""The source of gates on what Argo CD has synced, which decides since when a step is live."""

LEDGER = "ledger"
"""The source of gates on what an earlier environment's ledger says of a version."""


class Verdict(StrEnum):
    """What a gate says, from best to worst.

    Only ``fail`` reverts; ``inconclusive`` and ``error`` hold, and say so.
    """

    PASS = "pass"  # noqa: S105 (no password)
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    FAIL = "fail"


# The order of the members counts: an error is worse than inconclusive, and only fail reverts.
_FROM_BEST_TO_WORST = tuple(Verdict)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that counts: fail, then error, then inconclusive, then pass.

    Nothing asked is ``inconclusive``: a missing answer is never a pass.
    """
    return max(verdicts, key=_FROM_BEST_TO_WORST.index, default=Verdict.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Workloads:
    """Where the two versions of a question run, and the server that measures them.

    ``server`` is the address that environment.yaml gives for the gate's source in the region, as
    the machine that runs Lockstep reaches it; empty where it gives none. ``candidate`` and
    ``stable`` are the names of their Deployments, which Istio's metrics call workloads;
    ``stable`` is empty where nothing else serves.
    """

    server: str
    namespace: str
    candidate: str
    stable: str


@dataclass(frozen=True, slots=True)
class Question:
    """One gate asked of one cluster about one candidate.

    ``gate`` is the gate as the family declares it. ``candidate`` and ``stable`` are the ``spec``
    of the locks of the two versions (stable is None where nothing else serves). ``since`` is
    since when evidence counts: when the running step was live, and for the gates that say so
    themselves, or where it is not live, when it was decided. ``now`` is the time of asking; both
    are RFC 3339 UTC.
    ``segment`` is the name of the cluster's segment, empty where it has none; ``place`` says where
    the versions run, and is None before a version runs anywhere. ``decision`` is the id of the
    forward move that the gate is asked for, empty where none is due. ``moved_in`` is the path of
    the record whose commit last moved the weights of the cluster, empty where none did.
    """

    gate: Json
    cluster: str
    region: str
    environment: str
    candidate: Json
    stable: Json | None
    since: str
    now: str
    segment: str = ""
    place: Workloads | None = None
    decision: str = ""
    moved_in: str = ""


class Measurement(Struct, frozen=True, rename="camel"):
    """What a source holds of one version: a fact, without judgement.

    ``value`` is None where there is no usable number; ``problem`` then says why (``NaN logged``,
    ``no measurement of dataset holdout-eu``). ``samples`` is the count behind the value and
    ``time`` when it was measured (RFC 3339 UTC); each is None where the source does not say.
    ``ignored`` says what was left out and why, such as values dated after the question. Where
    this one cannot be used, ``earlier`` is the newest before it that may be: it can still fail.
    """

    value: float | int | None = None  # an integer stays one, so that its bytes do too
    samples: int | None = None
    time: str | None = None
    dataset_digest: str | None = None
    problem: str = ""
    ignored: str = ""
    earlier: "Measurement | None" = None


class Condition(Struct, frozen=True):
    """A fact about the candidate that holds or not, such as "every pod is ready".

    ``holds`` is None where the source cannot say yet; ``reason`` says what it saw.
    """

    holds: bool | None
    reason: str


class LiveFolder(Struct, frozen=True, rename="camel"):
    """What Argo CD says of the rendered folder of a cluster, held against git by content.

    ``application`` is the Application's name and ``revision`` the commit that it last synced.
    ``tree`` is the tree id of the folder at that commit and ``wanted_tree`` that at the followed
    tip. ``moved_by`` is the commit that last moved the cluster's weights, and ``since`` when the
    Application first had synced that commit, or a descendant of it with the wanted tree (RFC 3339
    UTC); None where it has not.
    """

    application: str
    revision: str
    tree: str
    wanted_tree: str
    moved_by: str
    since: str | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether it is about the content that the followed branch has, and about any."""
        return bool(self.tree) and self.tree == self.wanted_tree


class ServedBefore(Struct, frozen=True, rename="camel"):
    """What the ledger of an earlier environment says of a version that is promoted from it.

    ``record`` is the path of the record that verified or adopted the version in ``environment``,
    and ``digest`` that of its file. It has served there as the verified version since ``since``,
    and until ``until`` (both RFC 3339 UTC; None while it does). ``rolled_back`` says how it was
    rolled back since, and is empty where it was not. ``requests`` is what the gates of its rollout
    have counted, ``verdicts`` how many gates of its verification had which verdict: none of an
    adoption.
    """

    environment: str
    record: str
    digest: str
    since: str
    until: str | None
    rolled_back: str
    requests: int
    verdicts: Mapping[str, int]


class Answer(Struct, frozen=True):
    """A source's answer to a Question: measurements, a condition, blocks, or several of them.

    ``query`` is what was asked, in the source's own terms. ``failure`` says why the source could
    not be asked at all: the verdict is then ``error``, whatever else is here. ``blocks`` are the
    closed blocks since the step began, in the order of their ends: the missing ones too.
    ``approvals`` are the signed tags that count. ``live`` is what Argo CD has synced, ``served``
    what the ledger of an earlier environment says.
    """

    query: str
    candidate: Measurement = Measurement()
    stable: Measurement | None = None
    failure: str = ""
    condition: Condition | None = None
    blocks: tuple[Block, ...] = ()
    approvals: tuple[Approval, ...] = ()
    live: LiveFolder | None = None
    served: ServedBefore | None = None

    @property
    def is_configured(self) -> bool:
        """False where the source cannot be asked because nothing names it (see NotConfigured)."""
        return not self.failure.startswith(NOT_CONFIGURED)


class ComparisonResult(Struct, frozen=True, rename="camel"):
    """What the comparisons of a family say of one gate in one cluster.

    ``method`` names how it was computed, with its version. ``harm`` is the evidence that the
    candidate is worse than the stable version, and ``family_mean`` the mean of it over all
    ``denominator`` comparisons, after the last block; ``failed_at`` is the end of the first block
    at which that mean was enough, None where it never was. ``no_harm`` is the evidence that it is
    at most ``margin`` worse (0.1: ten percent more bad requests). ``dispersion`` is how much the
    counts vary beyond chance, None where that is not known yet and so nothing counts as evidence.
    """

    method: str
    harm: float
    no_harm: float
    margin: float
    dispersion: float | None
    family_mean: float
    denominator: int
    failed_at: str | None


class Evidence(Struct, frozen=True, rename="camel"):
    """One judged answer: enough to compute its verdict again from the record alone."""

    gate: Mapping[str, Json]
    cluster: str
    candidate_version: str
    stable_version: str | None
    since: str
    asked_at: str
    answer: Answer
    verdict: Verdict
    reason: str
    comparison: ComparisonResult | None = None

    def to_json(self) -> Json:
        """Plain JSON data, the shape kept in a decision record."""
        return to_builtins(self)

"""What a reviewer of a pull request needs to know, beside the findings of the check.

It is made in a run that the author of the pull request controls, and read on the trusted side. So
every text and every list has a bound in its type: ``msgspec.convert`` refuses what is beyond it.
"""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, MsgspecError, Struct, convert, field, to_builtins

from lockstep.model.differences import FleetDiff
from lockstep.model.document import Json
from lockstep.model.evidence import Verdict
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding
from lockstep.model.forecast import Forecast, Name, Percent, Text, Whole
from lockstep.model.outcome import SCHEMA_VERSION, Outcome

LARGEST = 1_000_000
"""Bytes of a review as JSON: more is neither written nor read."""

MOST_FAMILIES = 500
"""Families of one review; more are counted."""

_LAST_LINE = 2**31 - 1


class PartChange(StrEnum):
    """How a family or a cluster differs from the base."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SAME = "same"


class VariantShare(Struct, frozen=True, rename="camel"):
    """One variant of a cluster: the version that it serves, and its share of the traffic.

    ``warm`` says that it runs without traffic, too.
    """

    name: Name
    version: Name
    weight: Percent
    warm: bool = False


Shares = Annotated[tuple[VariantShare, ...], Meta(max_length=100)]
"""The variants of one cluster."""


class ClusterReview(Struct, frozen=True, rename="camel"):
    """One cluster at the base and after the merge; ``wave`` counts from 1, 0 where it has none."""

    name: Name
    region: Name
    file: Text
    change: PartChange
    wave: Whole
    before: Shares = ()
    after: Shares = ()


class NewDecision(Struct, frozen=True, rename="camel"):
    """A decision record that the change brings."""

    action: Name
    version: Name
    record: Text
    actor: Text
    reason: Text


class MetricValue(Struct, frozen=True, rename="camel"):
    """What was measured of one version; ``value`` is None where there is no usable number."""

    version: Name
    value: float | int | None = None
    samples: Annotated[int, Meta(ge=0, le=10**15)] | None = None


class MetricReview(Struct, frozen=True, rename="camel"):
    """One gate in one cluster: candidate, baseline, bounds, and what they mean.

    ``bounds`` are those of the gate, by its fields. ``recorded`` says that the verdict is that of
    the newest record of the change; otherwise the numbers are those of the locks, and the verdict
    is what the gate would say of them.
    """

    gate: Name
    cluster: Name
    region: Name
    what: Text
    bounds: Annotated[dict[Name, float | int], Meta(max_length=20)]
    candidate: MetricValue
    baseline: MetricValue | None
    verdict: Verdict
    reason: Text
    recorded: bool


class ApprovalGate(Struct, frozen=True, rename="camel"):
    """A gate on the way for which people of a role have to approve decisions."""

    gate: Name
    role: Name
    count: Whole
    when: Name


class RoleReview(Struct, frozen=True, rename="camel"):
    """A role whose holders may approve pull requests, with their addresses."""

    role: Name
    people: Annotated[tuple[Name, ...], Meta(max_length=1_000)] = ()


class FamilyReview(Struct, frozen=True, rename="camel"):
    """One family that the change touches.

    ``before`` and ``after`` are the states of its rollout, in words. ``problem`` says why the
    family after the merge could not be read; then nothing is known of it but the base's state.
    """

    environment: Name
    name: Name
    owner: Name
    change: PartChange
    before: Text
    after: Text
    problem: Text = ""
    clusters: Annotated[tuple[ClusterReview, ...], Meta(max_length=2_000)] = ()
    decisions: Annotated[tuple[NewDecision, ...], Meta(max_length=200)] = ()
    metrics: Annotated[tuple[MetricReview, ...], Meta(max_length=5_000)] = ()
    approvals: Annotated[tuple[ApprovalGate, ...], Meta(max_length=100)] = ()
    follows: Forecast | None = None

    @property
    def title(self) -> str:
        """``prod/fraud-detection``."""
        return f"{self.environment}/{self.name}"


class Excerpt(Struct, frozen=True):
    """The source line of a finding."""

    file: Text
    line: int
    text: Text


class Review(Struct, frozen=True, rename="camel"):
    """A change, for the people who review it: what the check found, and what the change does.

    ``base`` is what reports call the commit that it is compared with, ``approvers`` are the roles
    that its files name for what needs an approval. ``findings``, ``summary`` and ``excerpts`` are
    those of the check. ``diff`` is None where it could not be worked out; then, and where no family
    could be read, ``missing`` says why. The ``left`` counts are what was left out of a review that
    would be too large.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    verb: Literal["review"] = "review"
    base: Name = ""
    findings: tuple[Finding, ...] = ()
    summary: Annotated[dict[Name, int | Text], Meta(max_length=100)] = {}
    excerpts: tuple[Excerpt, ...] = ()
    families: Annotated[tuple[FamilyReview, ...], Meta(max_length=MOST_FAMILIES)] = field(
        default=(), name="items"
    )
    diff: FleetDiff | None = None
    approvers: Annotated[tuple[RoleReview, ...], Meta(max_length=100)] = ()
    missing: Annotated[tuple[Text, ...], Meta(max_length=20)] = ()
    left_findings: Whole = 0
    left_families: Whole = 0
    left_objects: Whole = 0

    @property
    def outcome(self) -> Outcome:
        """What the check found."""
        excerpts = {(each.file, each.line): each.text for each in self.excerpts}
        return Outcome(self.findings, self.summary, excerpts)

    @property
    def exit_code(self) -> ExitCode:
        """That of ``lockstep review``: it was made. The answer of the check is that one's own."""
        return ExitCode.CLEAN

    def to_json(self) -> Json:
        """The review as plain JSON data, which from_json reads back."""
        return to_builtins(self)

    @classmethod
    def from_json(cls, data: Json) -> "Review":
        """The inverse of to_json. Raises ValueError for another shape, or beyond the bounds.

        Fields that this program does not know are ignored; another version is refused by name.
        """
        given = data if isinstance(data, dict) else {}
        if "schemaVersion" not in given and "version" in given:
            raise ValueError("an earlier version of Lockstep wrote it; review again with this one")
        found = given.get("schemaVersion")
        if type(found) is int and found != SCHEMA_VERSION:
            text = f"its schemaVersion is {found % 10**9}; only {SCHEMA_VERSION} can be read"
            raise ValueError(text)
        try:
            review = convert(data, cls)
        except (MsgspecError, RecursionError) as error:
            raise ValueError(str(error) or "its values are nested too deep") from error
        _refuse_nonsense(review)
        return review


def _refuse_nonsense(review: Review) -> None:
    """Raise ValueError for numbers that fit their types and cannot be."""
    places = [(each.line, each.column) for each in review.findings]
    places += [(p.line, p.column) for each in review.findings for p in each.related]
    places += [(each.line, 1) for each in review.excerpts]
    places += [(w.line, 1) for each in review.findings if (w := each.suppression)]
    if any(not 1 <= number <= _LAST_LINE for place in places for number in place):
        raise ValueError("a line or a column is not a number from 1 on")
    numbers = (each for each in review.summary.values() if isinstance(each, int))
    if any(not 0 <= number <= _LAST_LINE for number in numbers):
        raise ValueError("a count is negative or too large")

"""Values about promotions: a version that one environment has verified enters the next one."""

from dataclasses import dataclass

from lockstep.model.decision import PromotedFrom


@dataclass(frozen=True, slots=True)
class VerifiedVersion:
    """A version that a family has verified, by a record of its ledger.

    ``digest`` is that of its content, ``sequence`` and ``record`` are number and digest of the
    record, and ``since`` is when it was decided (RFC 3339 UTC).
    """

    environment: str
    family: str
    version: str
    digest: str
    sequence: int
    record: str
    since: str

    @property
    def source(self) -> PromotedFrom:
        """What the record of a proposal says of it."""
        return PromotedFrom(self.environment, self.version, self.sequence, self.record)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a version cannot be promoted, as a sentence without a full stop, and what to do.

    ``until`` is when time alone ends it (RFC 3339 UTC); None where time does not. ``waits`` says
    whether it ends without another version: by a decision, evidence or time.
    """

    text: str
    fix: str
    until: str | None = None
    waits: bool = False

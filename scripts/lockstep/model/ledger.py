"""Files of a ledger that no decision relies on, and what git's history says of a ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lockstep.model.decision import Record

REWRITTEN = "ledger.rewritten"
"""The rule that records are never changed or removed."""


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """One number of a family's ledger, whatever its file holds.

    ``digest`` is that of the file, None where it was removed; ``record`` is None where the file
    cannot be read. ``problem`` says why it is broken. ``settled`` says that an adoption has named
    it as it is now: then it is still not relied on, and no longer reported.
    """

    path: str
    sequence: int
    digest: str | None
    record: Record | None = None
    problem: str = ""
    settled: bool = False


@dataclass(frozen=True)
class LedgerHistory:
    """What the commits up to one have done to the files of the ledger.

    ``changed`` has the files that are not as they were added, removed ones included, each with
    the digests of all that it ever held, the first one first. ``missing`` says why this is not
    known; empty where it is.
    """

    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: str = ""


NO_HISTORY = LedgerHistory(missing="git's history was not read")
"""For checks that have the files of one commit only."""

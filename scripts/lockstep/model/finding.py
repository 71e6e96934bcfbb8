"""The one form of everything that is wrong with an input, whichever check found it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from lockstep.model.document import Json


class Severity(StrEnum):
    """``error`` stops the change; ``warning`` is reported only.

    ``approval`` is not a mistake: a person with the right to do so has to approve what it says. It
    is reported first, and does not change the exit code. ``note`` is not a mistake either: it names
    what a reader has to know to rely on the report.
    """

    APPROVAL = "approval"
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Related:
    """Another place that is involved in a finding; ``note`` says how, in a few words.

    Lines and columns count from 1.
    """

    file: str
    line: int
    column: int
    note: str


@dataclass(frozen=True, slots=True, order=True)
class Suppression:
    """Why a finding does not count: the waiver at ``file:line``, in force until ``expires``.

    ``expires`` is the last day on which it holds, as YYYY-MM-DD in UTC.
    """

    file: str
    line: int
    owner: str
    reason: str
    ticket: str
    expires: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake, at the place where its author wrote it.

    ``file`` is relative to the repository with ``/`` separators; ``line`` and ``column`` count
    from 1 (columns in characters); ``pointer`` is the JSON pointer (RFC 6901) inside the file.
    ``related`` are the other places that are involved: clusters that inherit the value, the rest
    of a family. A finding with ``suppression`` is reported and stops nothing.
    The field order is the report order, by place, then by rule; what needs approval comes first.
    """

    file: str
    line: int
    column: int
    rule: str
    message: str
    fix: str
    pointer: str = ""
    severity: Severity = Severity.ERROR
    related: tuple[Related, ...] = ()
    suppression: Suppression | None = None

    @property
    def stops(self) -> bool:
        """Whether the change cannot go on with it."""
        return self.severity is Severity.ERROR and self.suppression is None

    def to_json(self) -> dict[str, object]:
        """The finding as plain JSON data, which from_json reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Json) -> "Finding":
        """The inverse of to_json. Raises KeyError, TypeError or ValueError on another shape."""
        suppression = data.get("suppression")
        return cls(
            **{
                **data,
                "severity": Severity(data["severity"]),
                "related": tuple(Related(**place) for place in data.get("related", ())),
                "suppression": Suppression(**suppression) if suppression else None,
            }
        )


def arrange(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in report order, each once: several clusters may inherit one family's mistake.

    The same finding about several clusters becomes one with all of their places; it is suppressed
    only where it is so for every one of them.
    """
    merged: dict[Finding, list[Finding]] = {}
    for finding in findings:
        # What differs between clusters is left out of the key, so that their findings meet.
        key = replace(finding, related=(), suppression=None)
        merged.setdefault(key, []).append(finding)
    return tuple(sorted(map(_merge, merged.items()), key=_order))


def _merge(entry: tuple[Finding, list[Finding]]) -> Finding:
    key, same = entry
    counting = [finding for finding in same if finding.suppression is None]
    # Where one of them counts, only its places matter: the others are waived.
    related = {place for finding in counting or same for place in finding.related}
    # Any would do; the least is the same in every run.
    suppression = None if counting else min(f.suppression for f in same if f.suppression)
    return replace(key, related=tuple(sorted(related)), suppression=suppression)


def _order(finding: Finding) -> tuple[bool, str, int, int, str, str, str, str, str]:
    # Not the finding as a whole: None and a Suppression cannot be compared.
    return (
        finding.severity is not Severity.APPROVAL, finding.file, finding.line, finding.column,
        finding.rule, finding.message, finding.fix, finding.pointer, finding.severity,
    )  # fmt: skip

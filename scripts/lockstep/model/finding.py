"""The one shape for everything that is wrong with an input, whichever stage found it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """``error`` stops the change; ``warning`` is reported only."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake, at the place where its author wrote it.

    ``file`` is relative to the repository with ``/`` separators; ``line`` and ``column`` count
    from 1 (columns in characters); ``pointer`` is the JSON pointer (RFC 6901) inside the file.
    The field order is the report order: by place, then by rule.
    """

    file: str
    line: int
    column: int
    rule: str
    message: str
    fix: str
    pointer: str = ""
    severity: Severity = Severity.ERROR

    def to_json(self) -> dict[str, object]:
        """The finding as plain JSON data, the shape that ``--format json`` prints."""
        return asdict(self)


def arrange(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in report order, each once: two clusters may inherit one family's mistake."""
    return tuple(sorted(set(findings)))

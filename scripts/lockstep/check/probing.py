"""Looks at parts one by one, so that a part that is broken hides no other."""

from collections.abc import Callable, Iterable, Iterator

from lockstep.edges.os_errors import reason
from lockstep.model.errors import LockstepError
from lockstep.model.tool_results import Health, Probe

Look = Callable[[], "Found"]
Found = tuple[Health, str, str]
"""How a part is, what was found, and how to fix it."""

OK, WARNING, MISSING = Health.OK, Health.WARNING, Health.MISSING


def ok(found: str) -> Found:
    """A part that is in order."""
    return OK, found, ""


def warning(found: str, fix: str) -> Found:
    """A part without which some of Lockstep works."""
    return WARNING, found, fix


def missing(found: str, fix: str) -> Found:
    """A part that is needed."""
    return MISSING, found, fix


def probe_all(looks: Iterable[tuple[str, Health, Look]]) -> Iterator[Probe]:
    """A probe for each part: its name, how bad it is where it fails, and what looks at it."""
    for part, severity, look in looks:
        yield Probe(part, *_looked(severity, look))


def _looked(severity: Health, look: Look) -> Found:
    try:
        return look()
    except LockstepError as error:
        return severity, error.located(), error.fix
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return severity, f"{where}{reason(error)}", "check that you may read it"
    # Whatever a broken machine makes a library raise: the other parts are still of interest.
    except Exception as error:
        return severity, f"it cannot be looked at: {type(error).__name__}: {error}", ""

"""What the verbs about this machine and this repository found or made, as facts."""

from dataclasses import dataclass
from enum import StrEnum

from lockstep.model.document import Json
from lockstep.model.exit_codes import ExitCode


@dataclass(frozen=True)
class BuiltTool:
    """A program that was built for this user, or that was there already."""

    name: str
    path: str
    version: str
    built: bool
    exit_code: ExitCode = ExitCode.CLEAN


@dataclass(frozen=True)
class FetchedModel:
    """A model whose content has the digest of its lock: where it is, and whether it was fetched.

    Otherwise it was there already, and was verified again.
    """

    path: str
    digest: str
    fetched: bool
    exit_code: ExitCode = ExitCode.CLEAN


@dataclass(frozen=True)
class NewFiles:
    """Files that a verb has written for people to edit, and the commands to run next."""

    paths: tuple[str, ...]
    commands: tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.CLEAN


class Health(StrEnum):
    """How a part is: in order, worth a look, or missing although Lockstep needs it."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


@dataclass(frozen=True)
class Probe:
    """One part of the machine or the repository: how it is, what was found, and how to fix it."""

    part: str
    health: Health
    found: str
    fix: str = ""

    def to_json(self) -> dict[str, Json]:
        """Every field by its name."""
        return {
            "part": self.part,
            "health": self.health.value,
            "found": self.found,
            "fix": self.fix,
        }


@dataclass(frozen=True)
class Diagnosis:
    """What ``doctor`` found."""

    probes: tuple[Probe, ...]

    @property
    def exit_code(self) -> ExitCode:
        """1 where a part is missing; a warning is none."""
        missing = any(probe.health is Health.MISSING for probe in self.probes)
        return ExitCode.COULD_NOT_RUN if missing else ExitCode.CLEAN

"""What the verbs about this machine and this repository found or made, as facts."""

from dataclasses import dataclass

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
class NewFiles:
    """Files that a verb has written for people to edit, and the commands to run next."""

    paths: tuple[str, ...]
    commands: tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.CLEAN

"""What a verb has to say."""

from dataclasses import dataclass

from lockstep.model.document import Json
from lockstep.model.exit_codes import ExitCode


@dataclass(frozen=True)
class Report:
    """What a verb has to say: text for people, data for machines, and its exit code."""

    text: str
    exit_code: ExitCode = ExitCode.CLEAN
    data: Json = None

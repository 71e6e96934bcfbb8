"""The exit codes of every verb."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a caller may rely on; each code has one meaning for all verbs."""

    CLEAN = 0
    COULD_NOT_RUN = 1
    USAGE = 2
    NOTHING_TO_CHECK = 3
    INVALID = 10
    DENIED = 11
    GATE_CLOSED = 12
    VERIFICATION_FAILED = 13

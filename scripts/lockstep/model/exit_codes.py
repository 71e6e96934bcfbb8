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

    @property
    def words(self) -> str:
        """Its name as people read it, such as ``gate closed``."""
        return self.name.lower().replace("_", " ")

    @property
    def meaning(self) -> str:
        """What it says, in a sentence without its full stop."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.CLEAN: "nothing is wrong, or the verb did what it was asked to do",
    ExitCode.COULD_NOT_RUN: "a part is missing or does not answer, or the output was lost",
    ExitCode.USAGE: "a mistake on the command line, or the command was run in the wrong place",
    ExitCode.NOTHING_TO_CHECK: "there was nothing to check; this is never treated as clean",
    ExitCode.INVALID: "a file is malformed, or the manifests are not those of the specs",
    ExitCode.DENIED: "a rule or a quarantine forbids it",
    ExitCode.GATE_CLOSED: "a family may not move, or was just rolled back",
    ExitCode.VERIFICATION_FAILED: (
        "registry, records, git or a live cluster contradict what was recorded"
    ),
}

"""Errors that mean "could not evaluate"; what was evaluated and is wrong is a Finding."""

from typing import TYPE_CHECKING

from lockstep.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from lockstep.model.finding import Finding


class LockstepError(Exception):
    """Something that kept Lockstep from doing its work.

    ``message`` says what happened, ``where`` names the file (``path:line``), server or command
    that caused it, ``fix`` says what the reader can do about it.
    """

    # By default nothing was evaluated, which must never look like a clean check.
    exit_code = ExitCode.COULD_NOT_RUN

    def __init__(self, message: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix
        # What its text shows as a report, where it is about what was evaluated.
        self.findings: tuple[Finding, ...] = ()
        self.reported = False  # whether it is in a report that was printed already

    def located(self) -> str:
        """What happened, after the place where it did."""
        # A path can have line breaks. Where errors are printed, only line breaks are not escaped,
        # because messages may have several lines; so the place is kept on one line here.
        where = self.where.replace("\n", "\\n")
        return f"{where}: {self.message}" if where else self.message

    def diagnostics(self) -> str:
        """The text for a terminal: the place, what happened, what to do."""
        head = self.located()
        return f"error: {head}\n  fix: {self.fix}" if self.fix else f"error: {head}"


class UsageError(LockstepError):
    """The command line, or the folder that it was run in, makes no sense."""

    exit_code = ExitCode.USAGE


NOT_CONFIGURED = "not configured: "
"""How NotConfigured is shown, also as the reason why a gate could not be asked."""


class NotConfigured(LockstepError):
    """A server, a token or a client that is needed is not named or installed at all.

    Asking again cannot help, so no verb waits for it: exit code 1, also where a gate needs it.
    """

    def located(self) -> str:
        """As of every error, and first that something is not configured."""
        return NOT_CONFIGURED + super().located()


class NothingToCheck(LockstepError):
    """There is no input. An exit code of its own, because this must never look like a pass."""

    exit_code = ExitCode.NOTHING_TO_CHECK


class Invalid(LockstepError):
    """An input is malformed, and the verb cannot go on without it."""

    exit_code = ExitCode.INVALID


class Denied(LockstepError):
    """The change is well-formed, and a rule forbids it."""

    exit_code = ExitCode.DENIED


class VerificationFailed(LockstepError):
    """Records, registry or git do not agree with what was recorded."""

    exit_code = ExitCode.VERIFICATION_FAILED

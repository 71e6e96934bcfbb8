"""Whether a signal asked this process to end: what waits or starts programs looks here.

Python loses an exception that a signal handler raises in the middle of a destructor or a callback,
and a run that was stopped must not go on to publish.
"""


class Stopped(BaseException):
    """A signal asked this process to end. Not an Exception: few may catch it, and main does."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.exit_code = 128 + number  # what a shell reports for a program that a signal ended


# Not an Event: its lock may be held by the code that the signal has interrupted.
_stopped: BaseException | None = None


def stop(error: BaseException) -> None:
    """End all waits, as if no server had answered, and start no program any more. For handlers."""
    global _stopped  # noqa: PLW0603
    _stopped = error


def start() -> None:
    """Wait and start programs again: one process may run several verbs."""
    global _stopped  # noqa: PLW0603
    _stopped = None


def is_stopped() -> bool:
    """Whether this process is to end."""
    return _stopped is not None


def raise_stopped() -> None:
    """Raise what ``stop`` was given, if it was called."""
    if _stopped is not None:
        raise _stopped

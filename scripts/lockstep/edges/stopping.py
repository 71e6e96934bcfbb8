"""Whether a signal asked this process to end: what waits or starts programs looks here.

Python loses an exception that a signal handler raises in the middle of a destructor or a callback,
and a run that was stopped must not go on to publish.
"""

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

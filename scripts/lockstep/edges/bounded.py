"""Questions to servers, each with a bound in total time, whatever its client does meanwhile.

A client's own timeout counts the silence between two bytes, for each of its attempts: a server that
sends a byte a second, or asks to be tried again in ten minutes, would hold a run for as long as it
likes. A server that gave no answer in time is not waited for again in the same run.
"""

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from lockstep.edges import stopping
from lockstep.model.errors import LockstepError

T = TypeVar("T")

_silent: dict[str, LockstepError] = {}
"""Servers that gave no answer in this run, and the error that says so."""

_abandoned: list[threading.Thread] = []

_LOOK = 0.1
"""Seconds after which a wait looks whether the run is to stop."""


def ask(server: str, question: Callable[[], T], seconds: float, failure: LockstepError) -> T:
    """What ``question`` returns or raises; ``failure`` where that takes longer than ``seconds``.

    ``failure`` is raised at once where the same server has given no answer before. The question
    runs in a thread of its own, which is left alone when it takes too long.
    """
    if server in _silent:
        raise _silent[server].with_traceback(None)
    answer: list[T] = []
    raised: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            answer.append(question())
        # Whatever it is: it is raised where the answer is waited for.
        except BaseException as error:
            raised.append(error)
        finally:
            done.set()

    # A daemon, which does not keep the process from ending; an executor would wait for it.
    thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    try:
        _wait(done, seconds)
    finally:
        if not done.is_set():  # or Ctrl-C has ended the wait
            _abandoned.append(thread)
    if raised:
        raise raised[0]
    if answer:
        return answer[0]
    give_up(server, failure)
    raise failure


def _wait(done: threading.Event, seconds: float) -> None:
    """Wait in steps: several threads may ask, and a signal reaches only the main one."""
    deadline = time.monotonic() + seconds
    while not stopping.is_stopped() and (left := deadline - time.monotonic()) > 0:
        if done.wait(min(left, _LOOK)):
            return


def give_up(server: str, error: LockstepError) -> None:
    """Do not ask this server again in this run: ``ask`` raises the error in place of it."""
    _silent[server] = error


def start_run() -> None:
    """Forget which servers gave no answer: one process may run several verbs."""
    _silent.clear()


def is_waiting() -> bool:
    """Whether a question that took too long still runs: it may never end."""
    return any(thread.is_alive() for thread in _abandoned)

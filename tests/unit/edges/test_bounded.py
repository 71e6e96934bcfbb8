"""Questions to servers: an answer, an error, or the end of patience, and that only once."""

import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from lockstep.edges import bounded, stopping
from lockstep.model.errors import LockstepError

LATE = LockstepError("no answer in time")
FOREVER = threading.Event()  # nothing sets it


def test_an_answer_and_an_error_come_back_as_they_are() -> None:
    assert bounded.ask("a", lambda: 42, 60, LATE) == 42
    assert bounded.ask("a", lambda: None, 60, LATE) is None
    with pytest.raises(ZeroDivisionError):
        bounded.ask("a", lambda: 1 / 0, 60, LATE)
    with pytest.raises(TimeoutError, match="of the client"):
        bounded.ask("a", lambda: throw(TimeoutError("of the client")), 60, LATE)


def throw(error: Exception) -> None:
    raise error


def test_a_question_sees_what_its_caller_has_set() -> None:
    setting: ContextVar[str] = ContextVar("setting", default="none")
    setting.set("mine")
    assert bounded.ask("a", setting.get, 60, LATE) == "mine"


def test_a_server_that_gives_no_answer_is_waited_for_once_in_a_run() -> None:
    asked: list[int] = []
    with pytest.raises(LockstepError) as caught:
        bounded.ask("a", FOREVER.wait, 0.05, LATE)
    assert caught.value is LATE and bounded.is_waiting()
    with pytest.raises(LockstepError, match="no answer in time"):
        bounded.ask("a", lambda: asked.append(1), 60, LockstepError("another"))
    assert bounded.ask("b", lambda: 42, 60, LATE) == 42
    assert asked == []
    bounded.start_run()
    assert bounded.ask("a", lambda: 42, 60, LATE) == 42


def test_a_server_can_be_given_up_without_a_wait() -> None:
    bounded.give_up("a", LATE)
    with pytest.raises(LockstepError, match="no answer in time"):
        bounded.ask("a", lambda: 42, 60, LockstepError("another"))


def test_a_wait_in_another_thread_ends_when_the_process_is_to_end() -> None:
    caught: list[LockstepError] = []

    def ask() -> None:
        try:
            bounded.ask("a", FOREVER.wait, 600, LATE)
        except LockstepError as error:
            caught.append(error)

    waiting = threading.Thread(target=ask)
    waiting.start()
    stopping.stop(KeyboardInterrupt())
    waiting.join(60)
    assert caught == [LATE]
    stopping.start()
    bounded.start_run()
    assert bounded.ask("a", lambda: 42, 60, LATE) == 42


# A client that has a thread of its own, for which Python would wait at its exit.
NEVER_ENDS = """
import atexit, sys, threading
from concurrent.futures import ThreadPoolExecutor
from lockstep.cli import entry
from lockstep.edges import bounded, scratch
from lockstep.model.errors import LockstepError

forever = threading.Event()
pool = ThreadPoolExecutor(1)

def question():
    with scratch.folder() as folder:
        print(folder)
        return pool.submit(forever.wait).result()

def run(arguments):
    try:
        bounded.ask("a", question, 0.5, LockstepError("late"))
    except LockstepError as error:
        print(error.message)
    return 12

entry.run = run
entry.main()
"""


def test_a_question_without_an_answer_does_not_keep_the_process_from_ending() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NEVER_ENDS], capture_output=True, text=True, timeout=120, check=False
    )
    folder, said = done.stdout.splitlines()
    assert (done.returncode, said, done.stderr) == (12, "late", "")
    assert subprocess.run(["test", "-e", folder], check=False).returncode == 1

"""Steps ahead of their need: in order, no further one after the block, failures later."""

import threading
from collections.abc import Iterator

import pytest

from lockstep.edges.meanwhile import meanwhile


def test_what_ends_a_run_does_not_wait_for_the_step_at_hand_and_none_begins_after_it() -> None:
    done: list[int] = []
    begun, ended = threading.Event(), threading.Event()

    def steps() -> Iterator[object]:
        begun.set()
        yield None
        ended.wait(10)
        done.append(1)
        yield None
        done.append(2)
        yield None

    def interrupted() -> None:
        with meanwhile(steps()):
            begun.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == []
    (worker,) = (each for each in threading.enumerate() if each.name == "meanwhile")
    ended.set()
    worker.join(10)
    assert done in ([], [1])


def test_the_end_of_the_block_waits_for_the_step_at_hand() -> None:
    begun = threading.Event()
    done: list[threading.Thread] = []

    def steps() -> Iterator[object]:
        begun.set()
        done.append(threading.current_thread())
        yield None

    with meanwhile(steps()):
        assert begun.wait(10)
    assert len(done) == 1 and done[0] is not threading.current_thread()


def test_what_a_step_raises_ends_the_steps_and_not_the_block() -> None:
    begun = threading.Event()

    def steps() -> Iterator[object]:
        yield begun.wait(0)
        begun.set()
        raise SystemExit(3)

    with meanwhile(steps()):
        assert begun.wait(10)

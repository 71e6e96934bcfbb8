"""Steps ahead of their need: in order, no further one after the block, failures later."""

import threading
import time
from collections.abc import Iterator

import pytest

from lockstep.edges.meanwhile import meanwhile


def test_no_step_begins_after_the_block_also_where_it_raises() -> None:
    done: list[int] = []
    begun = threading.Event()

    def steps() -> Iterator[object]:
        for number in range(1000):
            done.append(number)
            begun.set()
            yield None
            time.sleep(0.01)

    def interrupted() -> None:
        with meanwhile(steps()):
            begun.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not any(each.name == "meanwhile" for each in threading.enumerate())
    assert 0 < len(done) < 1000


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

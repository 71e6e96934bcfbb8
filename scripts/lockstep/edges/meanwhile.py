"""Work ahead of its need, in a thread, while the run waits for other programs."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def meanwhile(steps: Iterable[object]) -> Iterator[None]:
    """Go through ``steps``, which do something each, while the block waits for other programs.

    The end of the block waits for the step at hand, and no further one begins: the run may not
    need it. So a step only prepares what the run does by itself otherwise, such as an import. What
    a step raises ends the steps and is ignored: the run raises it again where it needs the result.
    """
    ended = threading.Event()

    def work() -> None:
        # Also what stops this run: the thread that waits for the program raises it, too.
        with suppress(BaseException):
            for _ in steps:
                if ended.is_set():
                    return

    thread = threading.Thread(target=work, name="meanwhile")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        # Also where the block raises: Python must not end while a thread is in the middle of work.
        thread.join()

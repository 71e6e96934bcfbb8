"""Waits for what a lab does at its own pace."""

import time
from collections.abc import Callable


def wait_until(true: Callable[[], bool], timeout: float, last: Callable[[], str]) -> None:
    """Wait until something is true; fails with the last state after ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, f"not so after {timeout:.0f} s:\n{last()}"
        time.sleep(0.3)

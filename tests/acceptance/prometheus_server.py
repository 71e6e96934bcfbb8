"""A real Prometheus on loopback, with a history that a test writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockstep_demo.prometheus import History, Samples, find_prometheus, serving

__all__ = ["History", "Samples", "needs_prometheus", "prometheus"]

needs_prometheus = pytest.mark.skipif(
    not find_prometheus(), reason="no Prometheus on PATH; on Debian: apt install prometheus"
)


@contextmanager
def prometheus(history: History, folder: Path, *options: str) -> Iterator[str]:
    """The address of a Prometheus with a history; it is stopped at the end of the block."""
    programs = find_prometheus()
    assert programs
    with serving(programs, history, folder, *options) as url:
        yield url

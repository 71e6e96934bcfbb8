"""The lab that the tests here run on: each process of pytest has one of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Lab, running, start, stop
from tests.lab.layout import DEFAULT_FOLDER, missing_part

IN_USE = "LOCKSTEP_LAB"
"""Names the folder of a running lab to test on, which then goes on running: to write tests with."""


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab that ``make lab`` has started where nothing was put into it yet, or a new one.

    It is stopped at the end. Each module puts in what it needs, under names of its own, and
    removes it.
    """
    if folder := os.environ.get(IN_USE):
        found = running(Path(folder))
        assert found, f"{IN_USE} names {folder}, where no lab runs"
        yield found
        return
    if missing := missing_part():
        pytest.skip(missing)
    first = os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0"
    found = running(DEFAULT_FOLDER) if first else None
    if not found or not found.is_unused():
        found = start(tmp_path_factory.mktemp("lab"))
    try:
        yield found
    finally:
        stop(found)

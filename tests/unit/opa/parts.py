"""A real OPA for tests, and a small set of policies for it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.opa.binary import find_opa
from lockstep.opa.child import ChildOpa

POLICIES = Path(__file__).resolve().parents[3] / "policies"

DIVIDING = b"""\
package lockstep

answers := [{"id": item.id, "share": 100 / item.parts} |
\tsome item in input.items
]
"""
"""An entry point that fails on an item of 0 parts."""


def opa_program() -> Path:
    """The OPA that Lockstep itself would use; a test that needs it is skipped without."""
    try:
        return find_opa()
    except LockstepError as error:
        pytest.skip(f"OPA is missing: {error.message}")


def shipped_policies() -> dict[str, bytes]:
    """The policies of this repository, by repository path."""
    return {
        f"policies/{path.relative_to(POLICIES).as_posix()}": path.read_bytes()
        for path in POLICIES.rglob("*")
        if path.is_file()
    }


@contextmanager
def serving(main: bytes = DIVIDING, **others: bytes) -> Iterator[ChildOpa]:
    """A server with this entry point; further files are named without ``policies/lib/``."""
    files = {f"policies/lib/{name}.rego": data for name, data in others.items()}
    with ChildOpa({"policies/main.rego": main, **files}, opa_program()) as server:
        yield server


def batch_of(parts: list[int]) -> Json:
    """A batch of one item per number."""
    items = [
        {"id": f"item-{index}", "parts": number, "family": "f", "clusters": [str(index)]}
        for index, number in enumerate(parts)
    ]
    clusters: Json = {str(index): {} for index in range(len(parts))}
    return {"families": {"f": {}, "g": {}}, "clusters": clusters, "items": items}


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        # A parent can wait for a process that was killed only once its last thread has ended.
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return False
    return state != "Z" or len(threads) > 1


def wait_until_gone(pid: int) -> bool:
    """Whether a process ends within ten seconds."""
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)

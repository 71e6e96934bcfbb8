"""Where the programs of a tool's own environment are."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def programs(name: str) -> Path:
    """The programs of the environment; the test is skipped where it is not installed."""
    installed = ROOT / ".venvs" / name / ".installed"
    if not installed.exists():
        pytest.skip(f"no {name} here: make {installed.relative_to(ROOT)}")
    return installed.parent / "bin"

"""Standard streams: what cannot be written is dropped once, and never raised at the exit."""

import subprocess
import sys

import pytest

FLUSHES = """
import sys
from lockstep.cli import streams
streams.open_standard_streams()
streams.say("said")
print("text \\u20ac")
sys.exit(int(streams.flushed()))
"""


@pytest.mark.parametrize(
    ("where", "flushed"), [(">/dev/null", 1), (">/dev/full", 0), (">&-", 1), (">&- 2>&-", 1)]
)
def test_output_is_written_or_dropped(where: str, flushed: int) -> None:
    command = f'unset PYTHONUNBUFFERED; exec "$0" -c "$1" {where}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, FLUSHES],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = "" if "2>&-" in where else "said\n"
    assert (done.returncode, done.stderr) == (flushed, said)


def test_an_encoding_that_lacks_a_character_gets_an_escape() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FLUSHES], env={"PYTHONIOENCODING": "ascii"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "text \\u20ac\n"

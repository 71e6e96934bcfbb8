"""Standard streams: what cannot be written is dropped once, and never raised at the exit."""

import subprocess
import sys
from io import StringIO

import pytest

from lockstep.cli.streams import progress

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


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_one_line_on_a_terminal_that_is_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress() as show:
        show("examples of a rule with a long name")
        show("evil\x1b[2J")
    assert stderr.getvalue() == ("\r\x1b[Kexamples of a rule \r\x1b[Kevil\\x1b[2J\r\x1b[K")


@pytest.mark.parametrize(
    ("stderr", "term", "ci"),
    [(Terminal(), "dumb", ""), (Terminal(), "xterm", "true"), (StringIO(), "xterm", "")],
)
def test_progress_is_nothing_elsewhere(
    monkeypatch: pytest.MonkeyPatch, stderr: StringIO, term: str, ci: str
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress() as show:
        show("examples of a rule")
    assert stderr.getvalue() == ""

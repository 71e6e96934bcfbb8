"""How the results of verbs are printed, and what becomes of an exit code that nobody can read."""

import subprocess
import sys

import pytest

# What advance says of a family whose gate is closed: exit code 12.
PRINTS = """
import sys
from types import SimpleNamespace
import click
from lockstep.cli import entry, options
from lockstep.model.exit_codes import ExitCode
options._formatted = lambda result, output: "advance prod/scoring: rolled back\\n" * 20_000
result = SimpleNamespace(exit_code=ExitCode.GATE_CLOSED)
show = getattr(options, sys.argv[1])
real = entry.run
entry.run = lambda _: real([], click.command()(lambda: show(result, "text")))
entry.main()
"""


def run(show: str, where: str) -> subprocess.CompletedProcess[str]:
    # With pipefail the status is that of the program, and not that of head.
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", f'"$0" -c "$1" {show} {where}',
         sys.executable, PRINTS], capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("where", [">/dev/null", ">&-", ">/dev/full", "| head -c 0"])
def test_a_decision_keeps_its_exit_code_when_its_output_is_lost(where: str) -> None:
    ended = run("show_decision", where)
    assert ended.returncode == 12
    assert "Traceback" not in ended.stderr and "Exception ignored" not in ended.stderr


def test_what_could_not_be_written_is_on_standard_error() -> None:
    full = run("show_decision", ">/dev/full").stderr
    assert full.startswith("warning: the output could not be written: No space left on device; ")
    assert "exit code 12 is that of the decision\nadvance prod/scoring: rolled back\n" in full
    closed = run("show_decision", "| head -c 0").stderr
    assert closed == (
        "warning: the output could not be written: Broken pipe; "
        "exit code 12 is that of the decision\n"
    )


@pytest.mark.parametrize("where", [">/dev/full", "| head -c 0"])
def test_lost_output_of_a_verb_that_only_reads_is_a_failure(where: str) -> None:
    ended = run("show", where)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr and "Exception ignored" not in ended.stderr

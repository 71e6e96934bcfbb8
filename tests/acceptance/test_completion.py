"""The shell completes verbs and options, by the line that the page gives for it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/how-to/command-line.md"
PROGRAM = Path(sys.executable).parent

COMPLETE = """\
{line}
COMP_WORDS=({words})
COMP_CWORD={index}
_lockstep_completion lockstep
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def line_for(shell: str) -> str:
    found = re.search(rf"^.*_LOCKSTEP_COMPLETE={shell}_source.*$", PAGE.read_text(), re.MULTILINE)
    assert found
    return found[0]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("lockstep sta", ["status"]),
        ("lockstep policy e", ["explain"]),
        ("lockstep check --for", ["--format"]),
        ("lockstep check --format sa", ["sarif"]),
        ("lockstep render --ch", ["--check"]),
    ],
)
def test_bash_completes_by_the_line_of_the_page(words: str, offered: list[str]) -> None:
    script = COMPLETE.format(line=line_for("bash"), words=words, index=len(words.split()) - 1)
    env = {**os.environ, "PATH": f"{PROGRAM}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == offered, done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_lines_of_other_shells_get_a_script_that_asks_the_program(shell: str) -> None:
    assert "lockstep" in line_for(shell)
    env = {**os.environ, "_LOCKSTEP_COMPLETE": f"{shell}_source"}
    done = subprocess.run(
        [PROGRAM / "lockstep"], env=env, capture_output=True, text=True, check=True
    )
    assert f"_LOCKSTEP_COMPLETE={shell}_complete" in done.stdout
    # fish gives the word itself, and zsh its place.
    asked = {"COMP_WORDS": "lockstep sta", "COMP_CWORD": "1" if shell == "zsh" else "sta"}
    env = {**os.environ, "_LOCKSTEP_COMPLETE": f"{shell}_complete", **asked}
    offered = subprocess.run(
        [PROGRAM / "lockstep"], env=env, capture_output=True, text=True, check=True
    )
    assert "status" in offered.stdout

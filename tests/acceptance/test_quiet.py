"""--quiet prints findings and errors alone; progress is for a terminal alone."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.reverts import in_state, proposed
from tests.acceptance.world import CLUSTER, FAMILY, World


@pytest.mark.parametrize(
    "verb",
    [("check",), ("validate",), ("render",), ("render", "--check"), ("status",), ("audit",),
     ("policy", "list"), ("lock", "--check"), ("hold", FAMILY, "--reason", "x"),
     ("audit", "--verify", "--replay")],
)  # fmt: skip
@in_state(proposed)
def test_nothing_is_printed_where_nothing_is_wrong(world: World, verb: tuple[str, ...]) -> None:
    assert world.lockstep(*verb, "--quiet") == (0, "")


def test_findings_are_printed_without_anything_else(world: World) -> None:
    file = world.clone / CLUSTER
    file.write_text(file.read_text().replace("weight: 100", "weight: all"))
    for verb in ("validate", "check", "render", "status"):
        loud = world.lockstep(verb)[1]
        code, said = world.lockstep(verb, "-q")
        assert code == 10 and said.startswith(f"{CLUSTER}:") and said in loud
        assert "1 error" in loud and "1 error" not in said
    # What a program reads stays whole.
    assert world.lockstep("check", "-q", "--format", "json") == world.lockstep(
        "check", "--format", "json"
    )


def test_an_error_is_printed_and_so_is_what_differs(world: World) -> None:
    code, said = world.lockstep("hold", "prod/nobody", "--reason", "x", "--quiet")
    assert code == 2 and said.startswith("error: ")
    code, said = world.lockstep("advance", "prod/nobody", "--quiet")
    assert code == 2 and "nobody" in said
    stale = next(world.clone.glob("rendered/prod/clusters/scoring-eu-west-1/*.yaml"))
    stale.write_text("a: 1\n")
    code, said = world.lockstep("render", "--check", "--quiet")
    assert code == 10 and f"to be written: {stale.relative_to(world.clone)}" in said


def on_a_terminal(root: Path, *arguments: str) -> tuple[str, str]:
    """Standard output in a file, and what a terminal was sent on standard error."""
    inside, outside = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "CI": ""}
    done = subprocess.run(
        [sys.executable, "-m", "lockstep", *arguments], cwd=root, env=env, stdin=outside,
        stdout=subprocess.PIPE, stderr=outside, check=False,
    )  # fmt: skip
    os.close(outside)
    shown = b""
    while True:
        try:
            more = os.read(inside, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not more:
            break
        shown += more
    os.close(inside)
    return done.stdout.decode(), shown.decode()


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        (("render",), "rendering prod/scoring (1 of 1)"),
        (("audit", "--work-tree", "--replay"), "replaying prod/scoring (1 of 1)"),
        (("advance", "--dry-run", "--now", "2026-03-01T08:00:00Z"), "reading prod/scoring"),
    ],
)
@in_state(proposed)
def test_progress_is_shown_on_a_terminal_and_is_gone_in_the_end(
    world: World, verb: tuple[str, ...], says: str
) -> None:
    out, shown = on_a_terminal(world.clone, *verb)
    assert says in shown and says not in out
    # The last thing that is sent erases the line.
    assert shown.endswith("\r\x1b[K")
    assert says not in on_a_terminal(world.clone, *verb, "--quiet")[1]
    # Nothing of it is in the log of a job.
    assert says not in invoke([*verb, "--root", str(world.clone)])[1]

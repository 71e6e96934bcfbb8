"""lockstep status from the outside: rollouts, holds, freezes, rollbacks, broken files, remotes."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace as evolve

from lockstep.cli import invoke
from lockstep.model.record import read_record, record_of
from tests.acceptance.rollouts import DAY, advance, publish, roll, roll_back
from tests.acceptance.world import FAMILY, World, connect, git

AT = f"{DAY}08:20:00Z"
OTHER = "prod/other"
BAD = ("--reason", "it refuses people")


@pytest.fixture
def rolling(world: World) -> World:
    """Version 2 has a part of the traffic of one region."""
    roll(world, "08")
    return world


@pytest.fixture
def two(world: World) -> World:
    """The same, and a second family, which is steady."""
    add_family(world)
    roll(world, "08")
    return world


def status(world: World, *more: str, at: str | None = AT, code: int = 0) -> str:
    """What status prints of the followed branch."""
    now = ["--now", at] if at else []
    found, said = invoke(["status", *more, "--root", str(world.clone), *now])
    assert found == code, said
    # Below the blocks are findings, each on a line as every verb prints it.
    assert code or max(map(len, said.splitlines()[1:]), default=0) <= 80
    return said


def values(world: World, *more: str, code: int = 0) -> Any:
    found, said = invoke(
        ["status", *more, "--root", str(world.clone), "--now", AT, "--format", "json"]
    )
    assert found == code, said
    return json.loads(said)


def add_family(world: World) -> None:
    """A second family beside the first, adopted as it is."""
    shutil.copytree(world.clone / "clusters" / FAMILY, world.clone / "clusters" / OTHER)
    for file in (world.clone / "clusters" / OTHER).rglob("*.yaml"):
        text = file.read_text().replace("family: scoring", "family: other")
        text = re.sub(r"name: scoring-(\w+)", r"name: other-\1", text)
        text = text.replace("host: scoring", "host: other").replace(
            "name: scoring,", "name: other,"
        )
        file.write_text(re.sub(r"(metadata:\n  name:) scoring\n", r"\1 other\n", text))
    world.must("render")
    publish(world)
    world.must("adopt", OTHER, "--reason", "first")


def test_a_rollout_says_what_it_waits_for_until_when_and_what_serves_where(rolling: World) -> None:
    said = status(rolling)
    assert "prod/scoring  ROLLING  version 2, wave 1 of 2, step 1 of " in said
    assert "waits for  the bake, until 2026-03-01T09:00:00Z (in 40m)" in said
    assert "then the gate auc to pass in us-east-1" in said
    assert "us-east-1: 90% version 1, 10% version 2" in said
    assert "eu-west-1: 100% version 1" in said
    (one,) = values(rolling)["items"]
    assert (one["state"], one["rollout"]["wave"], one["rollout"]["step"]) == ("rolling", 1, 1)
    weights = {
        each["region"]: {v["version"]: v["weight"] for v in each["variants"]}
        for each in one["regions"]
    }
    assert weights["us-east-1"] == {"1": 90, "2": 10}
    assert one["waitsFor"][0]["until"] == "2026-03-01T09:00:00Z"


def test_the_verdicts_of_the_last_decision_are_shown(rolling: World) -> None:
    rolling.measure("2", 0.91, f"{DAY}08:30:00Z")
    rolling.measure("1", 0.91, f"{DAY}08:30:00Z")
    assert advance(rolling, "10")[0] == 0
    said = status(rolling, at=f"{DAY}10:05:00Z")
    assert re.search(r"gates +version 2, by record \d \(advance\) of 2026-03-01T10:00:00Z", said)
    assert "pass auc in us-east-1: 0.91" in said


def test_a_hold_says_who_why_and_how_it_ends(rolling: World) -> None:
    rolling.must("hold", FAMILY, "--reason", "we look at it first", at=f"{DAY}08:10:00Z")
    said = " ".join(status(rolling).split())
    assert "prod/scoring HELD version 2, wave 1" in said
    assert "waits for people: lockstep resume prod/scoring --reason '...'" in said
    assert "we look at it first" in said and "owner" in said


def test_a_freeze_is_shown_and_delays_the_next_step(rolling: World) -> None:
    freeze = "  freezes:\n    - {name: sales, reason: 'no risk now', "
    freeze += f"from: '{DAY}08:05:00Z', until: '{DAY}20:00:00Z'}}\n"
    path = "clusters/prod/environment.yaml"
    rolling.edit(path, "spec:\n", f"spec:\n{freeze}")
    said = " ".join(status(rolling).split())
    assert "freeze sales until 2026-03-01T20:00:00Z (in 11h40m): no risk now" in said
    assert "then the end of the freeze sales, 2026-03-01T20:00:00Z" in said
    assert "at 2026-03-01T20:00:00Z at the earliest" in said


def test_a_rollback_leaves_the_reason_and_the_quarantine(rolling: World) -> None:
    roll_back(rolling, "09")
    said = " ".join(status(rolling, at=f"{DAY}09:30:00Z").split())
    assert "prod/scoring STEADY version 1" in said
    assert "rollback of version 2 at 2026-03-01T09:00:00Z (30m ago" in said
    assert "quarantine version 2 since 2026-03-01T09:00:00Z: bad" in said
    (one,) = values(rolling)["items"]
    assert [each["version"] for each in one["quarantine"]] == ["2"]


def garbage(record: Path) -> None:
    record.write_text("no record")


def linked(record: Path) -> None:
    record.unlink()
    record.symlink_to("/etc/hostname")


@pytest.mark.parametrize("harm", [garbage, Path.unlink, linked])
def test_a_broken_ledger_empties_the_block_of_its_own_family_only(two: World, harm: Any) -> None:
    record = two.clone / "ledger" / OTHER / "000001.json"
    harm(record)
    publish(two)
    said = status(two, code=10)
    assert "2 families: 1 broken, 1 rolling" in said
    assert "prod/other  BROKEN" in said and "waits for  the bake, until" in said
    block = " ".join(said[said.index("prod/other") : said.index("prod/scoring  R")].split())
    assert "problem ledger/prod/other/000001.json:1: " in block
    assert "100% version 1" in block and ", step " not in block
    assert "lockstep adopt prod/other --reason" in block, "the next step of people"
    assert {f["family"]: f["state"] for f in values(two, code=10)["items"]} == {
        "other": "broken", "scoring": "rolling",
    }  # fmt: skip


def reworded(record: Path) -> None:
    """As its author could: in a file that is whole, with the id that its content gives."""
    decision = read_record(record.read_bytes()).decision
    record.write_bytes(record_of(evolve(decision, reason="no, for another reason")).data)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("harm", [reworded, Path.unlink])
def test_a_record_that_a_commit_has_changed_is_one_problem(
    rolling: World, number: int, harm: Any
) -> None:
    path = f"ledger/{FAMILY}/{number:06d}.json"
    harm(rolling.clone / path)
    publish(rolling)
    said = status(rolling, code=10)
    assert "prod/scoring  BROKEN" in said
    # In the middle of a rollout nothing can be adopted.
    assert "lockstep adopt" not in said and "lockstep revert" in said
    code, said = rolling.lockstep("adopt", FAMILY, "--reason", "x", at=AT)
    assert code == 2 and "restore the broken records from git" in said
    code, said = rolling.lockstep("advance", FAMILY, at=AT)
    assert code == 12 and "roll back with lockstep revert prod/scoring --reason" in said
    assert said.index("lockstep revert") < said.index("lockstep adopt")
    assert status(rolling, "--quiet", code=10).startswith("ledger/prod/scoring/00000")
    (one,) = values(rolling, code=10)["items"]
    (problem,) = one["problems"]
    assert problem["file"] == path and "a commit has changed or removed it" in problem["message"]


@pytest.mark.parametrize("name", ["family.yaml", "eu-west-1.yaml", "locks/1.yaml"])
def test_a_malformed_file_is_in_the_block_of_its_family(two: World, name: str) -> None:
    (two.clone / "clusters" / OTHER / name).write_text("a: [")
    publish(two)
    said = status(two, code=10)
    assert "prod/other  MALFORMED" in said and "prod/scoring  ROLLING" in said
    assert f"problem    clusters/{OTHER}/{name}:1: " in said
    assert "prod/other" in status(two, OTHER, code=10)


def test_a_malformed_environment_hides_nobody(rolling: World) -> None:
    (rolling.clone / "clusters/prod/environment.yaml").write_text("a: [")
    publish(rolling)
    said = status(rolling, code=10)
    assert "prod/scoring  MALFORMED" in said and "clusters/prod/environment.yaml:1: " in said


def test_specs_that_were_edited_by_hand_have_diverged(rolling: World) -> None:
    rolling.edit(f"clusters/{FAMILY}/us-east-1.yaml", "weight: 10", "weight: 20")
    rolling.edit(f"clusters/{FAMILY}/us-east-1.yaml", "weight: 90", "weight: 80")
    said = " ".join(status(rolling).split())
    assert "prod/scoring DIVERGED" in said
    assert "lockstep revert" in said and "lockstep adopt" not in said
    assert "candidate 2@20, the record says stable 1@90" in said


def test_a_remote_that_has_moved_is_fetched_or_its_age_is_said(rolling: World) -> None:
    other = rolling.another_clone()
    git(other, "rm", "--quiet", "-r", f"ledger/{FAMILY}")
    git(other, "commit", "--quiet", "-m", "moved")
    before = rolling.git("rev-parse", "origin/main")
    rolling.git("fetch", "--quiet")
    git(other, "push", "--quiet", "origin", "main")
    said = status(rolling, "--no-fetch", at=None)
    assert "ROLLING" in said
    assert re.search(r"NOT FETCHED: origin/main is as last fetched 20\S+Z, \d+s ago", said)
    assert rolling.git("rev-parse", "origin/main") == before
    shown = values(rolling, "--no-fetch")["summary"]["shown"]
    assert (shown["commit"], shown["fetched"], shown["problem"]) == (before, False, "")
    said = status(rolling, code=10)
    assert "BROKEN" in said and "NOT FETCHED" not in said
    assert values(rolling, code=10)["summary"]["shown"]["fetched"] is True


def test_a_remote_that_cannot_be_reached_is_said_with_the_age_of_what_is_shown(
    rolling: World,
) -> None:
    rolling.git("fetch", "--quiet")
    connect(rolling.clone, str(rolling.folder / "nowhere.git"))
    said = " ".join(status(rolling, at=None).split())
    assert "NOT FETCHED: origin/main is as last fetched 20" in said
    assert "because git ls-remote from origin failed" in said and "10% version 2" in said
    assert "git ls-remote" in values(rolling)["summary"]["shown"]["problem"]
    first = invoke(["audit", "--root", str(rolling.clone)])[1].splitlines()[0]
    assert "because git ls-remote from origin failed" in first and "\\n" not in first


def test_a_remote_that_does_not_answer_is_not_waited_for(
    rolling: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = rolling.folder / "silent"
    silent.write_text("#!/bin/sh\nsleep 100\n")
    silent.chmod(0o755)
    connect(rolling.clone, "ssh://git@host.example.com/fleet.git")
    monkeypatch.setenv("GIT_SSH", str(silent))
    monkeypatch.setattr("lockstep.check.followed.FETCH_SECONDS", 0.5)
    said = " ".join(status(rolling).split())
    assert "NOT FETCHED" in said and "git did not end within" in said and "ROLLING" in said


def test_the_work_tree_says_how_far_it_is_behind(rolling: World) -> None:
    rolling.git("reset", "--quiet", "--hard", "HEAD^")
    said = status(rolling, "--work-tree")
    assert said.startswith("Of the work tree\n") and "HEAD lacks 1 commit of origin/main" in said
    assert values(rolling, "--work-tree")["summary"]["shown"]["behind"] == 1


def test_what_was_never_fetched_cannot_be_shown_offline(rolling: World) -> None:
    rolling.git("update-ref", "-d", "refs/remotes/origin/main")
    said = invoke(["status", "--no-fetch", "--root", str(rolling.clone)])
    assert said[0] == 1 and "never fetched" in said[1] and "--work-tree" in said[1]
    found, text = invoke(["status", "--no-fetch", "--remote", "x", "--root", str(rolling.clone)])
    assert found == 2 and "no remote 'x'" in text


def test_without_a_remote_nothing_is_fetched_and_nothing_is_old(rolling: World) -> None:
    rolling.git("remote", "remove", "origin")
    for more in ((), ("--no-fetch",)):
        said = status(rolling, *more)
        assert said.startswith("Of branch main of this repository, which has no remote\n")
        assert "NOT FETCHED" not in said


def run_on_terminal(
    *arguments: str,
    until: str,
    stop: bool = False,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str]:
    """Run the program on a terminal of 80 columns until it has printed a text, and to its end."""
    main, end = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
    with subprocess.Popen(
        [sys.executable, "-m", "lockstep", *arguments],
        stdin=end, stdout=end, stderr=end, env={**env, "TERM": "xterm", **variables},
        start_new_session=True,
    ) as process:  # fmt: skip
        os.close(end)
        printed = b""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if not select.select([main], [], [], 1)[0]:
                continue
            try:
                read = os.read(main, 65536)
            except OSError:  # the other end is closed
                read = b""
            if not read:
                break
            printed += read
            if stop and until.encode() in printed:
                process.send_signal(signal.SIGINT)
                stop = False
        code = process.wait(60)
    os.close(main)
    return code, printed.decode()


def test_a_terminal_has_colours_and_a_pipe_and_a_plain_terminal_have_none(rolling: World) -> None:
    where = ("status", "--root", str(rolling.clone), "--now", AT)
    code, said = run_on_terminal(*where, until="ROLLING")
    assert code == 0 and "\x1b[36mROLLING\x1b[0m" in said
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        code, said = run_on_terminal(*where, until="ROLLING", variables=variables)
        # Progress erases its line there, which is no colour.
        assert "ROLLING" in said and not re.search(r"\x1b\[[0-9;]*m", said)
    assert "\x1b" not in status(rolling) and "ROLLING" in status(rolling)
    assert "\x1b[36mROLLING\x1b[0m" in invoke([*where, "--color", "always"])[1]


def test_what_a_decision_says_fits_the_terminal_and_is_one_line_elsewhere(rolling: World) -> None:
    command = ["revert", FAMILY, "9", "--reason", "bad", "--root", str(rolling.clone)]
    code, shown = run_on_terminal(*command, until="meant?")
    assert code == 0 and "serves nowhere" in shown
    assert max(len(each) for each in shown.splitlines() if "origin" not in each) <= 80
    found, said = invoke(command)
    assert found == 0 and " ".join(said.split()) == " ".join(shown.split())
    assert max(map(len, said.splitlines()[1:])) > 80


def test_quiet_prints_what_is_wrong_and_nothing_else(two: World) -> None:
    assert status(two, "--quiet") == ""
    (two.clone / "clusters" / OTHER / "eu-west-1.yaml").write_text("a: [")
    publish(two)
    assert status(two, "--quiet", code=10).startswith(f"clusters/{OTHER}/eu-west-1.yaml:1:")


def test_watch_draws_on_the_terminal_until_ctrl_c(rolling: World) -> None:
    code, said = run_on_terminal(
        "status", "--watch", "5", "--root", str(rolling.clone), until="Ctrl-C ends", stop=True
    )
    assert code == 0, said
    assert "ROLLING" in said and "every 5s" in said
    # The cursor is shown again; after it, progress only erases its line.
    assert "\x1b[?25h" in said.rpartition("Ctrl-C ends")[2] and "Traceback" not in said


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--watch",), "the output is none"),
        (("--watch", "--format", "json"), "leave out --now, --format and --quiet"),
        (("--watch", "1"), "is not from 5 to 3600 seconds"),
        (("--watch", "scoring"), "write other arguments before --watch"),
    ],
)
def test_watch_is_refused_where_it_makes_no_sense(
    rolling: World, more: tuple[str, ...], says: str
) -> None:
    code, said = invoke(["status", "--root", str(rolling.clone), *more])
    assert code == 2 and says in said

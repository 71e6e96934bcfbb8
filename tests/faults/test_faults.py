"""The sweep itself: what it sees, that its plan repeats, and that its judge is not blind."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.world import FAMILY, World, copy_world, create_world, git
from tests.faults import faults, judge
from tests.faults.attempt import Try
from tests.faults.doors import Doors, Event
from tests.faults.people import BUSY, CLEAN
from tests.faults.scenarios import README, SCENARIOS
from tests.faults.sweep import sample
from tests.faults.victim import Ran
from tests.unit.mlflow_store import forget_default_store

EVENTS = (
    Event("start", "git fetch --quiet", 0.01),
    Event("open", "/tmp/lockstep-x/policies/main.rego", 0.01),
    Event("rename", "/clone/ledger/1.json", 0.01),
)
ADOPT = next(each for each in SCENARIOS if each.name == "adopt")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = create_world(tmp_path_factory.mktemp("template"))
    (world.clone / README).write_text("The fleet.\n")
    world.git("add", README)
    world.git("commit", "--quiet", "-m", "a README")
    world.git("push", "--quiet", "origin", "main")
    yield world
    forget_default_store()


@pytest.fixture
def world(template: World, tmp_path: Path) -> World:
    return copy_world(template, tmp_path / "world")


def test_the_doors_see_writes_and_programs_and_strike_at_one(tmp_path: Path) -> None:
    struck: list[tuple[int, str]] = []
    doors = Doors(lambda number, name, about: struck.append((number, name)))
    doors.watch()
    (tmp_path / "new").write_text("x")
    (tmp_path / "new").rename(tmp_path / "other")
    (tmp_path / "other").read_text()
    git(tmp_path, "init", "--quiet")
    events = doors.events()
    assert [event.name for event in events[:3]] == ["open", "rename", "start"]
    assert events[2].about == "git init --quiet" and events[2].starts_git
    assert struck[:3] == [(0, "open"), (1, "rename"), (2, "start")]


def test_every_event_and_the_end_is_killed_at(tmp_path: Path) -> None:
    labels = [fault.label for fault in faults.kills(EVENTS)]
    for number in range(len(EVENTS) + 1):
        assert any(label.startswith(f"event {number} ") for label in labels)


def test_a_sample_repeats_and_takes_some_of_every_row() -> None:
    found = [*faults.kills(EVENTS), *faults.refusals(EVENTS)]
    tries = [Try(ADOPT, fault, CLEAN) for fault in found]
    rows = {one.row for one in tries}
    chosen = sample(tries, len(rows), seed=7)
    assert {one.row for one in chosen} == rows
    assert [one.name for one in chosen] == [one.name for one in sample(tries, len(rows), seed=7)]


def test_random_moments_repeat_for_a_seed() -> None:
    planned = [[fault.label for fault in faults.kills_inside(EVENTS, random.Random(3))]] * 2
    assert planned[0] == planned[1] and len(planned[0]) == 3


def test_the_judge_accepts_what_people_left(world: World) -> None:
    BUSY.work(world)
    old = judge.before(world)
    assert judge.of_clone(world, BUSY, old) == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".git/index.lock", "index.lock"),
        (".git/refs/heads/main.lock", "main.lock"),
        (".git/lockstep-16f82d01", "lockstep-16f82d01"),
        ("clusters/.lockstep-a1", ".lockstep-a1"),
        ("more.txt", "more.txt"),
    ],
)
def test_the_judge_sees_what_is_left_in_a_clone(world: World, path: str, found: str) -> None:
    old = judge.before(world)
    (world.clone / path).write_text("")
    assert any(found in problem for problem in judge.of_clone(world, CLEAN, old))


def test_the_judge_sees_a_file_of_people_that_changed(world: World) -> None:
    BUSY.work(world)
    old = judge.before(world)
    (world.clone / "notes.txt").write_text("not mine")
    assert any("notes.txt has changed" in each for each in judge.of_clone(world, BUSY, old))


def test_the_judge_sees_a_decision_that_is_doubled_or_lost(world: World) -> None:
    old = judge.before(world)
    assert judge.of_origin(world, ADOPT, old) == []
    message = world.git("log", "-1", "--format=%B", "--", f"ledger/{FAMILY}")
    for _ in range(2):
        world.git("commit", "--quiet", "--allow-empty", "-m", message)
    world.git("rm", "--quiet", "-r", "ledger")
    world.git("commit", "--quiet", "-m", "without a ledger")
    world.git("push", "--quiet", "origin", "main")
    (world.folder / "fresh").rename(world.folder / "first")
    problems = judge.of_origin(world, ADOPT, old)
    assert any("2 commits make sha256:" in problem for problem in problems)
    assert any("the ledger holds []" in problem for problem in problems)


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ("error: git fetch failed: no route\nfix: check the network\n", 0),
        ("error: git fetch failed: \nfix: check the network\n", 1),
        ("Traceback (most recent call last):\n", 1),
    ],
)
def test_the_judge_reads_what_was_printed(said: str, problems: int) -> None:
    assert len(judge.of_output(Ran(1, said), "a run")) == problems

"""Rollouts for acceptance tests: steps by the hour, edits by hand, rollbacks."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.environments import copy_prod, name_predecessor
from tests.acceptance.world import FAMILY, REGIONS, World

DAY = "2026-03-01T"
HEAD = f"clusters/{FAMILY}/family.yaml"
US, EU = (f"clusters/{FAMILY}/{region}.yaml" for region in REGIONS)
LOCK = f"clusters/{FAMILY}/locks/1.yaml"


def advance(world: World, hour: str) -> tuple[int, str]:
    return world.lockstep("advance", FAMILY, at=f"{DAY}{hour}:00:00Z")


def roll(world: World, *hours: str, version: str = "2") -> None:
    world.merge_proposal(version, at=f"{DAY}{hours[0]}:00:00Z")
    for hour in hours:
        code, said = advance(world, hour)
        assert code == 0, said


def roll_back(world: World, hour: str, code: int = 0) -> str:
    found, said = world.lockstep("revert", FAMILY, "--reason", "bad", at=f"{DAY}{hour}:00:00Z")
    assert found == code, said
    return said


def leave_eu(world: World, branch: str) -> None:
    """A branch on which the family leaves a region, for a person to adopt."""
    world.git("switch", "--quiet", "--create", branch)
    (world.clone / EU).unlink()
    head = world.clone / HEAD
    head.write_text(head.read_text().replace(", [eu-west-1]]", "]"))
    world.must("render")
    world.git("commit", "--quiet", "--all", "-m", "Leave eu-west-1")


def share_with_arm(world: World, stable: int) -> None:
    """An experiment arm with version 2 in every region; ``stable`` percent stay at version 1."""
    world.must("lock", FAMILY, "2")
    for path in (US, EU):
        file = world.clone / path
        item = f"weight: {stable}}}\n    - {{name: b, version: '2', weight: {100 - stable}, "
        terms = "{learnsFrom: offline, expires: '2028-12-31'}"
        sticky = f"experiment: true}}\n  experiments:\n    b: {terms}\n"
        sticky += "  traffic: {bucketHeader: x-user-bucket}"
        file.write_text(file.read_text().replace("weight: 100}", item + sticky))
    world.must("render")
    publish(world)


STAGING = "staging/scoring"


def add_staging(world: World) -> None:
    """An environment staging before prod, with the family as prod has it; version 1 is adopted."""
    clusters = world.clone / "clusters"
    copy_prod(clusters / "prod", clusters / "staging")
    name_predecessor(clusters / "prod", "staging")
    world.must("render")
    publish(world)
    world.must("adopt", STAGING, "--reason", "first")


def add_sibling(world: World) -> None:
    """A second family of the same model, adopted."""
    home = world.clone / "clusters/prod"
    shutil.copytree(home / "scoring", home / "twin")
    for path in (home / "twin").rglob("*.yaml"):
        names = r"(?<!mlflow, )\b(name|namespace|family|host): scoring"
        path.write_text(re.sub(names, r"\1: twin", path.read_text()))
    world.must("render")
    publish(world)
    world.must("adopt", "prod/twin", "--reason", "the same model, for others")


def verify_in_staging(world: World, version: str, *hours: str) -> None:
    """Bring a version through its rollout in staging: a proposal, then a move at each hour."""
    branch = world.propose(version, STAGING, at=f"{DAY}{hours[0]}:00:00Z")
    world.git("merge", "--quiet", "--no-edit", branch)
    world.git("push", "--quiet", "origin", "main")
    for hour in hours:
        world.must("advance", STAGING, at=f"{DAY}{hour}:00:00Z")


def reject_in_staging(world: World) -> None:
    """Version 3 is in quarantine in the environment staging, which comes before prod."""
    add_staging(world)
    world.git("merge", "--quiet", "--no-edit", world.propose("3", STAGING))
    world.git("push", "--quiet", "origin", "main")
    world.must("revert", STAGING, "3", "--reason", "bad there")


def publish(world: World, message: str = "by hand") -> None:
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", message)
    world.git("push", "--quiet", "origin", "main")


def rewrite(world: World, path: str, change: Callable[[str], str]) -> None:
    file = world.clone / path
    file.write_text(change(file.read_text() if file.exists() else ""))
    publish(world)


def forge_digest(lock: str) -> str:
    return re.sub("sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", lock, count=1)


def last_record(world: World) -> Path:
    return sorted((world.clone / "ledger" / FAMILY).glob("*.json"))[-1]


def assert_restored(world: World) -> None:
    for region in REGIONS:
        assert world.variants(region) == [{"name": "stable", "version": "1", "weight": 100}]
    assert world.is_clean()

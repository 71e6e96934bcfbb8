"""Records that can be read and do not fit their schema: found, and no rollback stops for one."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.rollouts import DAY, advance, assert_home, last_record, roll, take_back
from tests.acceptance.world import FAMILY, World


def without_failure(spec: Any) -> None:
    del spec["evidence"][0]["answer"]["failure"]


def with_long_reason(spec: Any) -> None:
    spec["reason"] = "x" * 5001


def with_an_unknown_cluster_name(spec: Any) -> None:
    spec["variants"]["Not A Name"] = spec["variants"]["scoring-eu-west-1"]


def forge(world: World, change: Callable[[Any], None]) -> str:
    """Rewrite the newest commit so that its record does not fit the schema; the record's path."""
    path = last_record(world)
    body = json.loads(path.read_bytes())
    change(body["spec"])
    text = json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n")
    world.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    world.git("push", "--quiet", "--force", "origin", "main")
    return str(path.relative_to(world.clone))


@pytest.mark.parametrize("change", [without_failure, with_long_reason])
def test_a_record_that_does_not_fit_is_found_and_stops_only_forward_moves(
    world: World, change: Callable[[Any], None]
) -> None:
    roll(world, "08", "10")
    path = forge(world, change)
    code, said = world.lockstep("check", at=f"{DAY}10:30:00Z")
    assert code == 10 and "error ledger.schema: spec." in said
    (place,) = [line for line in said.splitlines() if "ledger.schema" in line]
    assert place.startswith(f"{path}:") and not place.startswith(f"{path}:1:"), "it names the line"
    code, said = world.lockstep("audit", "--verify")
    assert code == 13 and place in said
    code, said = advance(world, "12")
    assert code == 10 and "ledger.schema" in said
    take_back(world, "13")
    assert_home(world)


def test_a_hold_waits_for_no_record(world: World) -> None:
    roll(world, "08", "10")
    forge(world, with_long_reason)
    world.must("hold", FAMILY, "--reason", "look at the record", at=f"{DAY}10:30:00Z")


def test_variants_of_a_cluster_that_cannot_be_are_found(world: World) -> None:
    roll(world, "08")
    forge(world, with_an_unknown_cluster_name)
    code, said = world.lockstep("audit", "--verify")
    assert code == 13 and "ledger.schema" in said

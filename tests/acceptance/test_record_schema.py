"""Records that do not fit their schema, and commands that verify a ledger without Lockstep."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.reverts import began, in_state
from tests.acceptance.rollouts import DAY, advance, assert_restored, last_record, roll, roll_back
from tests.acceptance.world import FAMILY, World


def without_failure(spec: Any) -> None:
    del spec["evidence"][0]["answer"]["failure"]


def with_long_reason(spec: Any) -> None:
    spec["reason"] = "x" * 5001


def with_an_odd_plan(spec: Any) -> None:
    spec["plan"]["steps"] = 3


def with_a_huge_count(spec: Any) -> None:
    spec["evidence"][0]["gate"]["confidence"] = 0.95
    spec["evidence"][0]["answer"]["candidate"]["samples"] = 10**300


def with_a_malformed_condition(spec: Any) -> None:
    spec["evidence"][0]["answer"]["condition"] = {"holds": "true", "reason": "said so"}


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


@pytest.mark.parametrize(
    "change", [without_failure, with_long_reason, with_a_huge_count, with_a_malformed_condition]
)
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
    unread = change is with_a_malformed_condition
    assert world.lockstep("audit")[0] == (13 if unread else 0), "it cannot show the evidence"
    code, said = advance(world, "12")
    assert code == 10 and "ledger.schema" in said
    roll_back(world, "13")
    assert_restored(world)


def test_a_hold_waits_for_no_record(world: World) -> None:
    roll(world, "08", "10")
    forge(world, with_long_reason)
    world.must("hold", FAMILY, "--reason", "look at the record", at=f"{DAY}10:30:00Z")
    code, said = world.lockstep("resume", FAMILY, "--reason", "go on", at=f"{DAY}10:40:00Z")
    assert code == 10 and "ledger.schema" in said, "a rollout does not go on from such a record"


def test_a_plan_that_cannot_be_read_keeps_the_rollout_where_it_is(world: World) -> None:
    roll(world, "08", "10")
    path = forge(world, with_an_odd_plan)
    code, said = advance(world, "12")
    assert code == 12 and "broken records" in said and "000004.json: advance" in said
    assert last_record(world).name in path
    roll_back(world, "13")
    assert_restored(world)


@in_state(began)
def test_variants_of_a_cluster_that_cannot_be_are_found(world: World) -> None:
    forge(world, with_an_unknown_cluster_name)
    code, said = world.lockstep("audit", "--verify")
    assert code == 13 and "ledger.schema" in said


ROOT = Path(__file__).resolve().parents[2]
RECORDS = (ROOT / "docs/reference/records.md").read_text()
BY_HAND = re.findall(r"^```sh\n(.*?)^```$", RECORDS, re.M | re.S)


def verified_by_hand(world: World) -> str:
    """What the commands of the documentation print for the ledger of this world."""
    if shutil.which("jq") is None:
        pytest.skip("jq is missing")
    # In one shell, as a reader pastes them.
    script = "\n".join(BY_HAND).replace("prod/fraud-detection", FAMILY)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=world.clone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_ledger_is_verified_by_hand_as_the_documentation_says(world: World) -> None:
    assert len(BY_HAND) == 3
    roll(world, "08", "10")
    roll_back(world, "11")
    assert verified_by_hand(world) == ""
    record = world.clone / "ledger" / FAMILY / "000002.json"
    record.write_text(record.read_text().replace('"action": "propose"', '"action": "hold"'))
    world.git("commit", "--quiet", "--all", "-m", "an edit of the past")
    said = verified_by_hand(world)
    assert "000002.json: the id is not that of its content" in said
    assert "000003.json: the chain is broken" in said
    assert "an edit of the past" in said and said.count("\n") == 3

"""Records of a later version of Lockstep, with fields that this one does not know."""

import json
from typing import Any

import pytest

from lockstep.model.record import read_record
from tests.acceptance.reverts import began, in_state
from tests.acceptance.rollouts import DAY, assert_restored, last_record, roll, roll_back
from tests.acceptance.world import FAMILY, World

LATER: Any = {"lanes": ["a later version", 1.5, None]}


BY_NAME = {"variants", "files", "folders", "brokenRecords"}
"""Fields that map the names of clusters and files: a later version does not add fields there."""


def add_fields(value: Any) -> None:
    """Add a field to every object with fixed fields, however deep."""
    if isinstance(value, dict):
        for key, inner in list(value.items()):
            add_fields(list(inner.values()) if key in BY_NAME else inner)
        value["later"] = LATER
    elif isinstance(value, list):
        for item in value:
            add_fields(item)


def publish_from_later(world: World) -> bytes:
    """Rewrite the newest commit as if a later version of Lockstep had made its record."""
    path = last_record(world)
    body = json.loads(path.read_bytes())
    add_fields(body)
    data = (json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    assert data.count(b'"later"') >= 6
    path.write_bytes(data)
    world.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    world.git("push", "--quiet", "--force", "origin", "main")
    return data


def test_a_record_with_unknown_fields_is_checked_audited_and_reverted(world: World) -> None:
    roll(world, "08", "10")
    data, path = publish_from_later(world), last_record(world)
    world.must("check", at=f"{DAY}10:30:00Z")
    world.must("status", at=f"{DAY}10:30:00Z")
    world.must("audit", "--verify", "--replay")
    roll_back(world, "11")
    assert_restored(world)
    assert path.read_bytes() == data
    following = world.records()[int(path.stem)]
    assert following["spec"]["previous"] == read_record(data).digest
    world.must("audit", "--verify", "--replay")
    world.must("check", at=f"{DAY}11:30:00Z")


@in_state(began)
def test_a_rollout_goes_on_after_a_record_with_unknown_fields(world: World) -> None:
    publish_from_later(world)
    code, said = world.lockstep("advance", FAMILY, at=f"{DAY}10:00:00Z")
    assert code == 0, said
    world.must("audit", "--verify", "--replay")


def test_a_state_verified_by_a_later_version_is_returned_to(world: World) -> None:
    publish_from_later(world)
    roll(world, "08")
    roll_back(world, "09")
    assert_restored(world)
    world.must("audit", "--verify", "--replay")


@pytest.mark.parametrize("field", ["reason", "variants", "decidedAt"])
def test_a_misspelt_field_is_no_later_field(world: World, field: str) -> None:
    path = last_record(world)
    path.write_text(path.read_text().replace(f'"{field}"', f'"{field}s"'))
    code, said = world.lockstep("check")
    assert code == 10 and "ledger.record" in said and field in said

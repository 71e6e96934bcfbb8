"""What an environment says of other families stops no move, rollback or review of this one."""

import re

import pytest

from tests.acceptance.review_changes import propose
from tests.acceptance.rollouts import DAY, assert_restored, roll
from tests.acceptance.test_review import reviewed
from tests.acceptance.test_status import OTHER, add_family
from tests.acceptance.world import FAMILY, World

HOME = "clusters/prod/environment.yaml"


def freeze(world: World, *families: str) -> None:
    """Nothing of these families moves forward all day."""
    names = ", ".join(families)
    entry = f"{{name: sales, reason: no risk now, families: [{names}], "
    entry += f"from: '{DAY}00:00:00Z', until: '{DAY}23:50:00Z'}}"
    world.edit(HOME, "spec:\n", f"spec:\n  freezes:\n    - {entry}\n")


def add_predecessor(world: World) -> None:
    """An environment without families, which prod names as its predecessor."""
    staging = world.clone / "clusters/staging/environment.yaml"
    staging.parent.mkdir()
    text = (world.clone / HOME).read_text().replace("name: prod", "name: staging")
    staging.write_text(re.sub("  freezes:\n.*\n", "", text))
    world.must("render")
    world.git("add", "--all")
    world.edit(HOME, "spec:\n", "spec:\n  predecessor: staging\n")


@pytest.fixture
def two(world: World) -> World:
    """Two families, of which the second is frozen."""
    add_family(world)
    freeze(world, "other")
    world.must("check")
    return world


def test_a_family_moves_forward_while_another_one_is_frozen(two: World) -> None:
    roll(two, "08", "10")
    assert [each["spec"]["action"] for each in two.records()][1:] == [
        "propose", "advance", "advance",
    ]  # fmt: skip
    two.must("check")
    two.must("hold", FAMILY, "--reason", "lunch", at=f"{DAY}10:10:00Z")
    two.must("resume", FAMILY, "--reason", "fed", at=f"{DAY}10:20:00Z")


def test_the_frozen_family_waits(two: World) -> None:
    two.git("merge", "--quiet", "--no-edit", two.propose("2", OTHER))
    two.git("push", "--quiet", "origin", "main")
    code, said = two.lockstep("advance", OTHER)
    assert code in (11, 12) and "sales" in said and "no risk now" in said


def test_every_rule_judges_a_rollback_while_another_family_is_frozen(two: World) -> None:
    roll(two, "08")
    two.must("revert", FAMILY, "--reason", "bad", at=f"{DAY}09:00:00Z")
    assert_restored(two)
    assert not any(record["spec"].get("unchecked") for record in two.records())


def test_a_freeze_of_a_family_that_does_not_exist_still_stops_a_proposal(two: World) -> None:
    two.edit(HOME, "families: [other]", "families: [othre]")
    code, said = two.lockstep("propose", FAMILY, "2")
    assert code == 10
    assert "names the family 'othre'" in said and "its families are other and scoring" in said


def test_the_review_of_a_proposal_reads_the_family_while_another_one_is_frozen(two: World) -> None:
    propose(two)
    (shown,) = reviewed(two).families
    assert shown.problem == "" and shown.after != "cannot be read" and shown.follows


def test_a_family_moves_where_the_promotions_of_another_one_are_automatic(two: World) -> None:
    add_predecessor(two)
    two.edit(HOME, "spec:\n", "spec:\n  promotion: {automatic: [other]}\n")
    two.must("check")
    roll(two, "08", "10")
    two.must("revert", FAMILY, "--reason", "bad", at=f"{DAY}11:00:00Z")
    assert not any(record["spec"].get("unchecked") for record in two.records())


def test_the_review_reads_a_family_whose_environment_names_a_predecessor(world: World) -> None:
    add_predecessor(world)
    propose(world)
    (shown,) = reviewed(world).families
    assert shown.problem == "" and shown.follows

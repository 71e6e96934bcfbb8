"""Whether a version enters an environment that the one before has not verified."""

import re

from tests.acceptance.rollouts import (
    DAY,
    EU,
    STAGING,
    US,
    add_staging,
    publish,
    roll_back,
    verify_in_staging,
)
from tests.acceptance.world import FAMILY, REGIONS, World

HOURS = ("08", "10", "12", "14", "16")
DENIED = 'version "2" is new here, and its content has not been verified in "staging"'
WAIVER = """\
apiVersion: lockstep.dev/v1alpha1
kind: Waivers
metadata: {name: outage}
spec:
  waivers:
    - rule: verified-before
      scope: {environment: prod, family: scoring}
      reason: the repair of an outage
      owner: risk-ml@example.com
      ticket: RISK-7
      expires: "2026-03-31"
"""


def test_a_plain_proposal_waits_for_the_environment_before(world: World) -> None:
    add_staging(world)
    code, said = world.lockstep("propose", FAMILY, "2")
    assert code == 11 and DENIED in said and "lockstep promote prod/scoring" in said
    verify_in_staging(world, "2", *HOURS)
    late = f"{DAY}17:00:00Z"
    branch = world.propose("2", at=late)
    world.git("merge", "--quiet", "--no-edit", branch)
    world.must("check", "--base", "origin/main")


def test_a_proposal_is_denied_again_once_the_version_was_rolled_back_there(world: World) -> None:
    add_staging(world)
    verify_in_staging(world, "2", *HOURS)
    branch = world.propose("2", at=f"{DAY}17:00:00Z")
    world.must("revert", STAGING, "2", "--reason", "bad", at=f"{DAY}18:00:00Z")
    world.must("release", STAGING, "2", "--reason", "again", at=f"{DAY}19:00:00Z")
    world.git("merge", "--quiet", "--no-edit", branch)
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 11 and DENIED in said


def test_a_repair_that_cannot_wait_has_a_waiver_and_no_rollback_needs_one(world: World) -> None:
    add_staging(world)
    waivers = world.clone / "policies/data/waivers"
    waivers.mkdir(parents=True)
    (waivers / "outage.yaml").write_text(WAIVER)
    publish(world)
    world.merge_proposal("2")
    (waivers / "outage.yaml").unlink()
    publish(world)
    assert "2" in str(world.variants("us-east-1"))
    world.must("advance", FAMILY, at=f"{DAY}09:00:00Z")
    roll_back(world, "10")


def test_a_candidate_by_hand_is_denied_too(world: World) -> None:
    add_staging(world)
    world.must("lock", FAMILY, "2")
    add_candidate(world)
    world.git("switch", "--quiet", "--create", "by-hand")
    push_branch(world, "by-hand")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code != 0 and DENIED in said


def test_the_same_change_cannot_verify_what_it_proposes(world: World) -> None:
    add_staging(world)
    world.git("switch", "--quiet", "--create", "both")
    for family in (STAGING, FAMILY):
        world.must("lock", family, "2")
    for region in REGIONS:
        file = world.clone / f"clusters/{STAGING}/{region}.yaml"
        served = re.sub(r"version: .1.", 'version: "2"', file.read_text())
        file.write_text(served)
    world.must("render")
    push_branch(world, "both")
    world.must("adopt", STAGING, "--reason", "it serves", "--branch", "both")
    world.git("pull", "--quiet", "--ff-only", "origin", "both")
    add_candidate(world)
    push_branch(world, "both")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code != 0 and DENIED in said
    world.git("switch", "--quiet", "main")
    world.git("merge", "--quiet", "--no-edit", "both~1")
    world.git("push", "--quiet", "origin", "main")
    world.must("propose", FAMILY, "2", at=f"{DAY}17:00:00Z")


def add_candidate(world: World) -> None:
    for path in (US, EU):
        file = world.clone / path
        item = "weight: 100}\n    - {name: candidate, version: '2', weight: 0}"
        file.write_text(file.read_text().replace("weight: 100}", item))
    world.must("render")


def push_branch(world: World, name: str) -> None:
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "by hand")
    world.git("push", "--quiet", "--set-upstream", "origin", name)

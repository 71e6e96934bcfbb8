"""Families and environments that get other names, go, and come back: their past stays theirs.

A quarantine outlives the family that it is of, and what a pull request releases or takes out of the
order of environments binds that pull request still.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from msgspec import structs

from lockstep.model.decision import Action, Phase, Position, Target
from lockstep.model.record import read_record, write_record
from lockstep.spec import variants as forms
from tests.acceptance.forgeries import add, newest, pull, readopt, state_here
from tests.acceptance.reverts import in_state
from tests.acceptance.rollouts import DAY, last_record, publish, reject_in_staging, roll, roll_back
from tests.acceptance.world import FAMILY, World

SPECS = f"clusters/{FAMILY}"


def rolled_back(world: World) -> None:
    """Version 2 was rolled back, and is in quarantine."""
    roll(world, "08")
    roll_back(world, "09")


def gone(world: World) -> None:
    """After that the family was removed; its records stay."""
    rolled_back(world)
    shutil.rmtree(world.clone / SPECS)
    world.must("render")
    publish(world, "no scoring")


def come_back(world: World) -> None:
    world.git("checkout", "HEAD~1", "--", SPECS, "rendered")


def serve(world: World, version: str, folder: str = SPECS) -> None:
    """Specs, lock and manifests in which a version has all traffic."""
    for path in clusters_in(world.clone / folder):
        path.write_text(path.read_text().replace('version: "1"', f'version: "{version}"'))
    world.must("lock", folder.removeprefix("clusters/"), version)
    world.must("render")


def clusters_in(folder: Path) -> Iterator[Path]:
    return folder.glob("*-1.yaml")


def target(world: World, version: str) -> Target:
    text = (world.clone / SPECS / f"locks/{version}.yaml").read_text()
    return Target(version, f"sha256:{text.split('sha256:', 1)[1][:64]}")


def refused(world: World, *words: str) -> None:
    code, said = pull(world)
    assert code in (10, 11), said
    for word in words:
        assert word in said, said


@in_state(gone)
def test_a_family_that_comes_back_has_all_of_its_records(world: World) -> None:
    come_back(world)
    (world.clone / SPECS / "quarantine.yaml").unlink()
    for path in sorted(last_record(world).parent.glob("*.json"))[1:]:
        path.unlink()
    refused(world, "ledger.rewritten", "000002.json", "000005.json")


@in_state(gone)
def test_a_family_that_comes_back_has_the_records_that_it_had(world: World) -> None:
    come_back(world)
    path = last_record(world)
    decision = read_record(path.read_bytes()).decision
    path.write_bytes(write_record(structs.replace(decision, quarantines=False, reason="nothing")))
    refused(world, "ledger.rewritten", path.name)


@in_state(gone)
def test_a_family_that_comes_back_is_adopted_by_a_pull_request(world: World) -> None:
    world.git("switch", "--quiet", "--create", "back")
    come_back(world)
    world.must("render")
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "scoring is back")
    world.git("push", "--quiet", "origin", "back")
    at = f"{DAY}12:00:00Z"
    world.must("adopt", FAMILY, "--reason", "again", "--branch", "back", at=at)
    world.git("pull", "--quiet", "origin", "back")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 0 and "1 change to approve" in said, said


@in_state(gone)
def test_the_quarantine_of_a_family_that_is_gone_binds_others(world: World) -> None:
    come_back(world)
    world.git("mv", SPECS, "clusters/prod/ranking")
    (world.clone / "clusters/prod/ranking/quarantine.yaml").unlink()
    for path in (world.clone / "clusters/prod/ranking").rglob("*.yaml"):
        names = r"(?<!mlflow, )\b(name|family): scoring"
        path.write_text(re.sub(names, r"\1: ranking", path.read_text()))
    world.must("render")
    publish(world)
    world.must("adopt", "prod/ranking", "--reason", "new", at=f"{DAY}12:00:00Z")
    code, said = world.lockstep("propose", "prod/ranking", "2", at=f"{DAY}13:00:00Z")
    assert code == 11 and "in quarantine" in said, said
    serve(world, "2", "clusters/prod/ranking")
    refused(world, "policy.quarantined-not-served")


@in_state(rolled_back)
def test_an_environment_that_gets_another_name_leaves_its_records_behind(world: World) -> None:
    world.git("mv", "clusters/prod", "clusters/live")
    for path in (world.clone / "clusters/live").rglob("*.yaml"):
        path.write_text(re.sub(r"(name|environment): prod\b", r"\1: live", path.read_text()))
    (world.clone / "clusters/live/scoring/quarantine.yaml").unlink()
    world.must("render")
    world.git("mv", "ledger/prod", "ledger/live")
    refused(world, "ledger.rewritten", f"ledger/{FAMILY}/000005.json")
    world.git("mv", "ledger/live", "ledger/prod")
    for path in clusters_in(world.clone / "clusters/live/scoring"):
        path.write_text(path.read_text().replace('version: "1"', 'version: "2"'))
    world.must("render")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--amend", "-m", "live")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 11 and "policy.quarantined-not-served" in said, said


def adopts(world: World) -> None:
    serve(world, "3")
    after = {n: [{**each[0], "version": "3"}] for n, each in newest(world).variants.items()}
    state = state_here(world)
    readopt(world, target=target(world, "3"), variants=after, verified_state=state)


def proposes(world: World) -> None:
    world.must("lock", FAMILY, "3")
    after = {n: forms.proposed(list(each), "3") for n, each in newest(world).variants.items()}
    for path in clusters_in(world.clone / SPECS):
        text = path.read_text().rstrip("\n")
        path.write_text(f'{text}\n    - {{name: candidate, version: "3", weight: 0}}\n')
    world.must("render")
    add(
        world, action=Action.PROPOSE, to=Position(Phase.PROPOSED), variants=after,
        target=target(world, "3"),
    )  # fmt: skip


@in_state(reject_in_staging)
def test_what_is_in_quarantine_is_neither_proposed_nor_adopted_by_hand(world: World) -> None:
    for change in (proposes, adopts):
        change(world)
        refused(world, "ledger.pull-request", "of version 3, which is in quarantine since")
        world.git("switch", "--quiet", "main")
        world.git("branch", "--quiet", "--delete", "--force", "pull")


@in_state(reject_in_staging)
def test_an_environment_does_not_leave_the_order_with_an_adoption(world: World) -> None:
    settings = world.clone / "clusters/prod/environment.yaml"
    settings.write_text(settings.read_text().replace("  predecessor: staging\n", ""))
    adopts(world)
    refused(world, "ledger.pull-request", "policy.quarantined-not-served")


@in_state(reject_in_staging)
def test_a_release_counts_from_the_next_pull_request_on(world: World) -> None:
    for change in (proposes, adopts):
        world.git("switch", "--quiet", "--create", "pull")
        world.git("push", "--quiet", "--force", "origin", "pull")
        at = f"{DAY}10:00:00Z"
        released = ("release", "staging/scoring", "3", "--reason", "ok", "--branch", "pull")
        world.must(*released, at=at)
        world.git("pull", "--quiet", "origin", "pull")
        world.must("check", "--base", "origin/main")
        change(world)
        world.git("add", "--all")
        world.git("commit", "--quiet", "-m", "both")
        code, said = world.lockstep("check", "--base", "origin/main")
        assert code == 10 and "release it first, in a pull request of its own" in said, said
        world.git("switch", "--quiet", "main")
        world.git("branch", "--quiet", "--delete", "--force", "pull")
    world.must("release", "staging/scoring", "3", "--reason", "ok", at=f"{DAY}11:00:00Z")
    proposes(world)
    code, said = pull(world)
    assert code == 11 and "quarantine" not in said, said
    assert "1 error" in said and "policy.verified-before" in said, "staging never verified it"

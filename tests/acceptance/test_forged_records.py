"""Records that a person writes by hand, or makes offline, and brings by a pull request.

Each attack is made with plain git in a real repository. What a record claims must be so on the
result of the merge; no move forward comes by a pull request; and a rollback installs no bytes that
git does not show as those of the family.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from lockstep.model.decision import Action, Decision, Phase, Position, Restored, Target
from lockstep.model.record import read_record, write_record
from lockstep.render.provenance import FILE_NAME, parse_provenance, restore_provenance
from tests.acceptance.reverts import began, in_state, proposed, steady
from tests.acceptance.rollouts import (
    DAY,
    EU,
    LOCK,
    US,
    advance,
    last_record,
    publish,
    roll,
    roll_back,
)
from tests.acceptance.world import FAMILY, REGIONS, World, git, identify

FOLDER = "rendered/prod/clusters/scoring-eu-west-1"
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: mine}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: User, name: mallory, apiGroup: rbac.authorization.k8s.io}]
"""


def rolled_back(world: World) -> None:
    """Version 2 was rolled back, and is in quarantine."""
    roll(world, "08")
    roll_back(world, "09")


def newest(world: World) -> Decision:
    return read_record(last_record(world).read_bytes()).decision


def add(world: World, **fields: Any) -> Path:
    """A record by hand that follows the newest one, with the right digest and id."""
    record = read_record(last_record(world).read_bytes())
    was = record.decision
    made = structs.replace(
        was, sequence=was.sequence + 1, previous=record.digest, source=was.to,
        **{"evidence": (), "verdict": None, "quarantines": False, "restored": None,
           "verified_state": None, "unchecked": (), "decided_at": f"{DAY}22:00:00Z", **fields},
    )  # fmt: skip
    path = world.clone / made.path
    path.write_bytes(write_record(made))
    return path


def readopt(world: World, **fields: Any) -> Path:
    """An adoption by hand of what the newest record says, with its state."""
    first = read_record(sorted(last_record(world).parent.glob("*.json"))[0].read_bytes()).decision
    return add(world, **{
        "action": Action.ADOPT, "to": Position(Phase.STEADY), "target": first.target,
        "variants": first.variants, "verified_state": first.verified_state, **fields,
    })  # fmt: skip


def state_with(world: World, **objects: dict[str, str]) -> Any:
    """The verified state of the first record, with other objects in ``files`` or ``folders``."""
    path = sorted(last_record(world).parent.glob("*.json"))[0]
    state = read_record(path.read_bytes()).decision.verified_state
    assert state is not None
    changes = {name: {**getattr(state, name), **each} for name, each in objects.items()}
    return structs.replace(state, **changes)


def pull(world: World) -> tuple[int, str]:
    """What CI says of the work tree as a pull request."""
    world.git("switch", "--quiet", "--create", "pull")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--allow-empty", "-m", "mine")
    return world.lockstep("check", "--base", "origin/main")


def refused(world: World, *words: str) -> str:
    code, said = pull(world)
    assert code == 10, said
    for word in words:
        assert word in said, said
    return said


def stored(world: World, files: dict[str, bytes], folder: str = "docs/notes") -> str:
    """Store files in a folder of the repository; the id of its tree."""
    for name, data in files.items():
        path = world.clone / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    world.git("add", "--all")
    return world.git("rev-parse", f"{world.git('write-tree')}:{folder}")


def evil_files(world: World) -> dict[str, bytes]:
    """The rendered folder of a cluster, with an object that no template has."""
    folder = world.clone / FOLDER
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {**files, "binding.yaml": BINDING.encode()}


# What a rollback would install


@in_state(steady)
def test_a_forged_verified_state_with_its_restore_does_not_bring_foreign_manifests(
    world: World,
) -> None:
    files = evil_files(world)
    tree = stored(world, files)
    readopt(world, verified_state=state_with(world, folders={FOLDER: tree}))
    add(
        world, action=Action.RESTORE, to=Position(Phase.STEADY),
        restored=Restored(2, exact=True, bytes_from=world.git("rev-parse", "HEAD")),
    )  # fmt: skip
    old = files[FILE_NAME]
    mark = restore_provenance(old, parse_provenance(old).inputs, world.git("rev-parse", "HEAD"))
    for name, data in {**files, FILE_NAME: mark}.items():
        (world.clone / FOLDER / name).write_bytes(data)
    refused(world, "ledger.pull-request", "one decision of a family")


@in_state(steady)
def test_a_folder_elsewhere_is_no_verified_state(world: World) -> None:
    tree = stored(world, evil_files(world))
    readopt(world, verified_state=state_with(world, folders={FOLDER: tree}))
    refused(world, "ledger.claim", "the state that it records is not the one", FOLDER)


@in_state(steady)
def test_a_rollback_installs_no_folder_that_git_does_not_show_at_its_path(world: World) -> None:
    """Even where the check was passed over: the record is on the followed branch."""
    tree = stored(world, evil_files(world))
    readopt(world, verified_state=state_with(world, folders={FOLDER: tree}))
    publish(world, "past the check")
    world.merge_proposal("2", at=f"{DAY}22:10:00Z")
    world.must("revert", FAMILY, "--reason", "not now", at=f"{DAY}22:20:00Z")
    assert not (world.clone / FOLDER / "binding.yaml").exists()
    restore = world.records()[-1]["spec"]
    assert restore["restored"]["sequence"] == 2 and not restore["restored"]["exact"]
    assert any("git does not show them" in each for each in restore["unchecked"])


@in_state(steady)
def test_a_rollback_installs_no_lock_that_git_does_not_show_at_its_path(world: World) -> None:
    forged = (world.clone / LOCK).read_bytes().replace(b"sha256:", b"sha256:00", 1)[:-2]
    stored(world, {"1.yaml": forged})
    blob = world.git("hash-object", "docs/notes/1.yaml")
    readopt(world, verified_state=state_with(world, files={LOCK: blob}))
    publish(world, "past the check")
    world.merge_proposal("2", at=f"{DAY}22:10:00Z")
    before = (world.clone / LOCK).read_bytes()
    world.must("revert", FAMILY, "--reason", "not now", at=f"{DAY}22:20:00Z")
    assert (world.clone / LOCK).read_bytes() == before


@in_state(steady)
def test_a_record_that_names_a_commit_of_nowhere_keeps_no_rollback_from_its_bytes(
    world: World,
) -> None:
    state = structs.replace(_state_here(world), commit="f" * 40)
    readopt(world, verified_state=state, base="e" * 40)
    publish(world)
    world.merge_proposal("2", at=f"{DAY}22:10:00Z")
    world.must("revert", FAMILY, "--reason", "not now", at=f"{DAY}22:20:00Z")
    assert world.records()[-1]["spec"]["restored"]["exact"]
    assert "unchecked" not in world.records()[-1]["spec"]


# Quarantine, steps and time


@in_state(rolled_back)
def test_release_and_adoption_of_one_version_do_not_come_together(world: World) -> None:
    world.git("switch", "--quiet", "--create", "both")
    for path in (US, EU):
        file = world.clone / path
        file.write_text(file.read_text().replace('version: "1"', 'version: "2"'))
    world.must("lock", FAMILY, "2")
    world.must("render")
    record = read_record(last_record(world).read_bytes()).decision
    bad = record.target
    add(world, action=Action.RELEASE, to=Position(Phase.STEADY), target=bad)
    (world.clone / f"clusters/{FAMILY}/quarantine.yaml").unlink()
    state = _state_here(world)
    after = {name: [{**each[0], "version": "2"}] for name, each in record.variants.items()}
    add(world, action=Action.ADOPT, to=Position(Phase.STEADY), target=bad, variants=after,
        verified_state=state)  # fmt: skip
    said = refused(world, "ledger.pull-request", "one decision of a family")
    first, second = said.splitlines()[0], said.index("approval.adopt")
    assert "approval.release" in said and "approval" in first and second < said.index("ledger.p")


def _state_here(world: World) -> Any:
    """The state of the work tree, as an adoption would record it."""
    world.git("add", "--all")
    tree = world.git("write-tree")
    folder = world.clone / "clusters" / FAMILY
    files = [str(p.relative_to(world.clone)) for p in sorted(folder.rglob("*.yaml"))]
    paths = {
        "files": [f for f in files if "quarantine" not in f],
        "folders": [f"rendered/prod/clusters/scoring-{region}" for region in REGIONS],
    }
    return structs.replace(
        state_with(world),
        **{kind: {p: world.git("rev-parse", f"{tree}:{p}") for p in each}
           for kind, each in paths.items()},
    )  # fmt: skip


@in_state(steady)
def test_a_rollout_that_was_made_offline_does_not_come_by_a_pull_request(world: World) -> None:
    """In a clone without the remote, each step hours later by --now."""
    origin = world.git("remote", "get-url", "origin")
    world.git("remote", "remove", "origin")
    world.must("propose", FAMILY, "2", "--branch", "candidate", at=f"{DAY}08:00:00Z")
    world.git("merge", "--quiet", "--no-edit", "candidate")
    for hour in ("08", "10", "12"):
        world.must("advance", FAMILY, at=f"{DAY}{hour}:00:00Z")
    world.git("remote", "add", "origin", origin)
    world.git("fetch", "--quiet", "origin")
    world.git("branch", "--quiet", "--move", "offline")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 10, said
    assert said.count("never by a pull request") == 3 and "one decision of a family" in said


@in_state(proposed)
def test_a_branch_does_not_name_itself_as_the_followed_one(world: World) -> None:
    """The base's lockstep.yaml says which branch that is, and not the one of the change."""
    world.git("switch", "--quiet", "--create", "mine")
    settings = world.clone / "lockstep.yaml"
    settings.write_text(settings.read_text().replace("main", "mine"))
    variants = newest(world).variants
    moved = {name: [{**a, "weight": 90}, {**b, "weight": 10}] for name, (a, b) in variants.items()}
    add(world, action=Action.ADVANCE, to=Position(Phase.ROLLING, 0, 0), variants=moved)
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "mine")
    world.git("push", "--quiet", "origin", "mine")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 10 and "never by a pull request" in said


@in_state(began)
@pytest.mark.parametrize("action", [Action.ADVANCE, Action.VERIFY, Action.RESUME])
def test_no_move_forward_comes_by_a_pull_request(world: World, action: Action) -> None:
    add(world, action=action, to=Position(Phase.ROLLING, 0, 1))
    refused(world, f"{action} is made on the followed branch")


@in_state(began)
def test_a_hold_comes_by_a_pull_request(world: World) -> None:
    said = world.must("hold", FAMILY, "--reason", "x", "--branch", "hold", at=f"{DAY}09:00:00Z")
    assert "hold" in said
    world.git("fetch", "--quiet", "origin")
    world.git("switch", "--quiet", "hold")
    world.must("check", "--base", "origin/main")


@in_state(began)
def test_a_record_from_the_future_is_refused(world: World) -> None:
    held = Position(Phase.HELD, 0, 0)
    add(world, action=Action.HOLD, to=held, decided_at="2999-01-01T00:00:00Z")
    refused(world, "ledger.time", "in the future")


@in_state(began)
def test_a_record_is_from_the_future_until_five_minutes_before_it(world: World) -> None:
    """Also where the outcome of the same hour is in the cache."""
    add(world, action=Action.HOLD, to=Position(Phase.HELD, 0, 0), decided_at=f"{DAY}23:40:00Z")
    refused(world, "ledger.time")
    for at, expected in (("23:36:00Z", 0), ("23:34:00Z", 10)):
        code, said = world.lockstep("check", "--base", "origin/main", at=f"{DAY}{at}")
        assert code == expected, said


@in_state(began)
def test_a_record_before_the_one_that_it_follows_is_refused(world: World) -> None:
    add(
        world, action=Action.RELEASE, to=newest(world).to, decided_at="2026-02-01T00:00:00Z",
    )  # fmt: skip
    refused(world, "ledger.time", "before record 3")


@in_state(began)
def test_a_hold_of_the_year_2999_stops_no_rollback_and_can_be_settled(world: World) -> None:
    world.must("hold", FAMILY, "--reason", "x", at="2999-01-01T00:00:00Z")
    for verb in (("resume", FAMILY, "--reason", "x"), ("advance", FAMILY)):
        code, said = world.lockstep(*verb, at=f"{DAY}10:00:00Z")
        assert code == 12 and "future" in said and "lockstep adopt" in said, said
    roll_back(world, "10")
    code, said = world.lockstep("check", at=f"{DAY}10:10:00Z")
    assert code == 0, said
    world.must("adopt", FAMILY, "--reason", "the clock was wrong", at=f"{DAY}11:00:00Z")
    assert list(world.records()[-1]["spec"]["brokenRecords"]) == [f"ledger/{FAMILY}/000004.json"]
    world.must("check", at=f"{DAY}11:10:00Z")
    world.must("audit", "--verify", "--replay")
    world.merge_proposal("3", at=f"{DAY}12:00:00Z")
    assert advance(world, "12")[0] == 0


# Claims about the version and the variants


Forge = Callable[[World], object]


def of_another_family(world: World) -> None:
    made = structs.replace(newest(world), family="ghost")
    path = world.clone / made.path
    path.parent.mkdir()
    path.write_bytes(write_record(made))


def variants_that_no_spec_has(world: World) -> None:
    variants = {n: [{**each[0], "version": "3"}] for n, each in newest(world).variants.items()}
    readopt(world, variants=variants, verified_state=_state_here(world))


def another_digest(world: World) -> None:
    target = Target("1", f"sha256:{'0' * 64}")
    readopt(world, target=target, verified_state=_state_here(world))


def a_version_without_a_lock(world: World) -> None:
    readopt(world, target=Target("9", f"sha256:{'9' * 64}"), verified_state=_state_here(world))


def without_a_state(world: World) -> None:
    readopt(world, verified_state=None)


def a_spec_of_elsewhere(world: World) -> None:
    stored(world, {"eu.yaml": (world.clone / EU).read_bytes() + b"# mine\n"})
    blob = world.git("hash-object", "docs/notes/eu.yaml")
    readopt(world, verified_state=state_with(world, files={EU: blob}))


def the_environments_file(world: World) -> None:
    path = "clusters/prod/environment.yaml"
    blob = world.git("rev-parse", f"HEAD:{path}")
    readopt(world, verified_state=state_with(world, files={path: blob}))


def a_folder_of_another_cluster(world: World) -> None:
    tree = world.git("rev-parse", f"HEAD:{FOLDER}")
    readopt(world, verified_state=state_with(world, folders={"rendered/prod/clusters/x": tree}))


def with_a_release(world: World) -> None:
    add(
        world,
        action=Action.RELEASE,
        to=Position(Phase.STEADY),
        target=Target("3", f"sha256:{'3' * 64}"),
    )


def a_shift_to_nothing(world: World) -> None:
    add(world, action=Action.SHIFT, to=Position(Phase.SHIFTED), quarantines=True)


def a_restore_of_a_record_that_is_not_there(world: World) -> None:
    add(world, action=Action.RESTORE, to=Position(Phase.STEADY), restored=Restored(7, exact=True))


def a_proposal_without_its_candidate(world: World) -> None:
    world.must("lock", FAMILY, "2")
    lock = (world.clone / LOCK.replace("1.yaml", "2.yaml")).read_text()
    digest = f"sha256:{lock.split('digest: ', 1)[1].split('sha256:', 1)[1][:64]}"
    after = {
        name: [*each, {"name": "candidate", "version": "2", "weight": 0}]
        for name, each in newest(world).variants.items()
    }
    add(world, action=Action.PROPOSE, to=Position(Phase.PROPOSED), target=Target("2", digest),
        variants=after)  # fmt: skip


def a_gap(world: World) -> None:
    path = (
        readopt(world, sequence=5) if False else readopt(world, verified_state=_state_here(world))
    )
    decision = read_record(path.read_bytes()).decision
    path.unlink()
    moved = structs.replace(decision, sequence=5)
    (world.clone / moved.path).write_bytes(write_record(moved))


def in_other_letters(world: World) -> None:
    path = last_record(world)
    shutil.copy(path, path.with_name("000002.JSON"))


def edited(world: World) -> None:
    path = last_record(world)
    path.write_text(path.read_text().replace("before Lockstep", "before Lockstep came"))


def deleted(world: World) -> None:
    last_record(world).unlink()


def twice(world: World) -> None:
    readopt(world, verified_state=_state_here(world))
    readopt(world, verified_state=_state_here(world))


@in_state(steady)
@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (of_another_family, "a family that does not exist"),
        (variants_that_no_spec_has, "its variants are not those of the specs"),
        (another_digest, "a digest that no lock of the family has"),
        (a_version_without_a_lock, "a digest that no lock of the family has"),
        (without_a_state, "no state that a rollback can return to"),
        (a_spec_of_elsewhere, f"not the one of this change: {EU}"),
        (the_environments_file, "not the one of this change: clusters/prod/environment.yaml"),
        (a_folder_of_another_cluster, "not the one of this change: rendered/prod/clusters/x"),
        (with_a_release, "a version that is in quarantine here"),
        (a_shift_to_nothing, "does not shift the traffic as lockstep revert does"),
        (a_restore_of_a_record_that_is_not_there, "record 7, which the base does not have"),
        (a_proposal_without_its_candidate, "its variants are not those of the specs"),
        (a_gap, "ledger.gap"),
        (in_other_letters, "ledger.place"),
        (edited, "ledger.rewritten"),
        (deleted, "ledger.rewritten"),
        (twice, "one decision of a family"),
    ],
)
def test_what_a_record_claims_is_checked_where_it_comes(
    world: World, forge: Forge, words: str
) -> None:
    forge(world)
    refused(world, words)


@in_state(steady)
def test_an_honest_adoption_is_listed_first_for_approval_and_passes(world: World) -> None:
    world.git("switch", "--quiet", "--create", "region")
    file = world.clone / EU
    file.write_text(file.read_text().replace("variants:", "serving: {replicas: 7}\n  variants:"))
    world.must("render")
    world.git("commit", "--quiet", "--all", "-m", "more replicas")
    world.git("push", "--quiet", "origin", "region")
    world.must("adopt", FAMILY, "--reason", "more replicas", "--branch", "region")
    world.git("pull", "--quiet", "origin", "region")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 0, said
    assert said.startswith(f"ledger/{FAMILY}/000002.json:1:1: approval approval.adopt: ")
    assert "1 change to approve" in said and "reason given: more replicas" in said
    report = json.loads(world.must("check", "--base", "origin/main", "--format", "json"))
    assert report["summary"]["approvals"] == 1 and report["findings"][0]["severity"] == "approval"
    # A squash, and an edit of the environment in between, change nothing of what it claims.
    world.git("switch", "--quiet", "main")
    environment = world.clone / "clusters/prod/environment.yaml"
    environment.write_text(environment.read_text() + "# a comment\n")
    publish(world, "in between")
    world.git("merge", "--quiet", "--squash", "region")
    publish(world, "squashed")
    said = world.must("check")
    assert "approval" not in said, "it is on the followed branch"


@in_state(steady)
def test_an_adoption_whose_state_was_edited_after_it_does_not_pass(world: World) -> None:
    readopt(world, verified_state=_state_here(world))
    file = world.clone / EU
    file.write_text(file.read_text() + "# later\n")
    refused(world, "ledger.claim", EU)


@in_state(steady)
def test_a_base_without_lockstep_yaml_is_no_way_around(world: World) -> None:
    world.git("rm", "--quiet", "lockstep.yaml")
    publish(world, "no settings")
    world.git("switch", "--quiet", "--create", "pull-2")
    variants = newest(world).variants
    add(world, action=Action.ADVANCE, to=Position(Phase.ROLLING, 0, 0), variants=variants)
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "mine")
    code, said = world.lockstep("check", "--base", "origin/main")
    assert code == 10 and "never by a pull request" in said


# What is on the followed branch already


@in_state(began)
def test_a_revert_of_a_step_by_git_stops_what_moves_forward(world: World) -> None:
    world.git("revert", "--no-edit", "HEAD")
    world.git("push", "--quiet", "origin", "main")
    code, said = world.lockstep("check", at=f"{DAY}10:00:00Z")
    assert code == 10 and "ledger.rewritten" in said
    code, said = advance(world, "10")
    assert code == 12 and "broken records" in said
    git(world.folder, "clone", "--quiet", "--depth=1", f"file://{world.origin}", "shallow")
    identify(world.folder / "shallow")
    code, said = world.lockstep(
        "advance", FAMILY, at=f"{DAY}10:00:00Z", root=world.folder / "shallow"
    )
    assert code == 1 and "fetch-depth: 0" in said, said


@in_state(proposed)
def test_a_forged_step_on_the_followed_branch_stops_what_moves_forward(world: World) -> None:
    """Its digests and ids are right; only a replay shows that no gate was asked for it."""
    roll_to = Position(Phase.ROLLING, 1, 0)
    variants = newest(world).variants
    add(world, action=Action.ADVANCE, to=roll_to, variants=variants, decided_at=f"{DAY}08:00:00Z")
    publish(world, "pushed past everything")
    code, said = advance(world, "12")
    assert code == 12 and "broken records" in said and "000003.json" in said, said
    code, said = world.lockstep("audit", "--verify", "--replay")
    assert code == 13
    roll_back(world, "13")
    world.must("adopt", FAMILY, "--reason", "seen", at=f"{DAY}14:00:00Z")
    world.must("audit", "--verify", "--replay")
    world.must("check", at=f"{DAY}14:10:00Z")
    world.merge_proposal("3", at=f"{DAY}15:00:00Z")
    assert advance(world, "15")[0] == 0


@in_state(began)
def test_a_cluster_that_is_malformed_keeps_no_rollback_from_being_recorded(world: World) -> None:
    """Rules do not see the cluster, so the rollback goes on without them and says so."""
    file = world.clone / EU
    file.write_text(file.read_text().replace("  variants:", "  colour: red\n  variants:"))
    publish(world)
    roll_back(world, "10")
    assert "malformed" in str(world.records()[-1]["spec"]["unchecked"])

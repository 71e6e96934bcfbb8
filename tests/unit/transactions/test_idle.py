"""Families that nothing is due for: which are found unread, and that all others are read."""

import json
from pathlib import Path

import pytest
from msgspec import structs

from lockstep.edges.git import Git
from lockstep.model.result import Decided, Moved, Waiting
from lockstep.spec.yaml.load import Documents
from lockstep.transactions.advance import AdvanceRequest, advance_families
from lockstep.transactions.commit import state_objects
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.run import Run, move_family, open_run
from lockstep.transactions.state import FamilyState
from tests.unit.edges.repositories import commit, git
from tests.unit.transactions.fleet_repository import (
    FAMILY,
    decision_on,
    fleet,
    options,
    tree_with,
)

FOLDER = f"clusters/{FAMILY}"
CLUSTER = f"{FOLDER}/eu-west-1.yaml"
RECORD = f"ledger/{FAMILY}/000001.json"
Edits = dict[str, bytes | None]


def adoption(made: Git, state: FamilyState) -> PlannedCommit:
    """A record with the git objects of the files that it adopts."""
    objects = state_objects(made, state, state.snapshot.base)
    decision = structs.replace(decision_on(state, "ready"), verified_state=objects)
    return PlannedCommit(tree_with(made, state, decision), Decided((decision,)))


def unverified(made: Git, state: FamilyState) -> PlannedCommit:
    """A record after it that verifies nothing."""
    decision = decision_on(state, "again")
    return PlannedCommit(tree_with(made, state, decision), Decided((decision,)))


def adopted(folder: Path) -> tuple[Git, Path]:
    made, remote = fleet(folder)
    move_family(options(made), FAMILY, adoption)
    return made, remote


def edited(data: bytes | None, old: bytes, new: bytes) -> bytes:
    assert data is not None and old in data
    return data.replace(old, new)


def publish(made: Git, edits: Edits) -> None:
    commit(made.root, edits)
    git(made.root, "push", "--quiet", "origin", "HEAD:main")


def advanced(made: Git) -> tuple[Moved, ...]:
    with open_run(options(made, 60)) as run:
        return advance_families(run, AdvanceRequest())


def read(made: Git, path: str) -> bytes:
    return (made.root / path).read_bytes()


def test_a_family_as_it_was_verified_is_idle_and_its_clusters_are_not_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = adopted(tmp_path)
    parsed, load = set(), Documents.load

    def noted(self: Documents, path: str, data: bytes) -> object:
        parsed.add(path)
        return load(self, path, data)

    monkeypatch.setattr(Documents, "load", noted)
    (result,) = advanced(made)
    assert isinstance(result, Waiting) and result.exit_code == 0
    assert parsed == {f"{FOLDER}/family.yaml", "clusters/prod/environment.yaml"}


def weight(made: Git) -> Edits:
    return {CLUSTER: edited(read(made, CLUSTER), b"weight: 100", b"weight: 99")}


def version(made: Git) -> Edits:
    return {CLUSTER: edited(read(made, CLUSTER), b'version: "7"', b'version: "8"')}


def harmless(made: Git) -> Edits:
    return {CLUSTER: read(made, CLUSTER) + b"# a remark\n"}


def malformed(made: Git) -> Edits:
    return {CLUSTER: read(made, CLUSTER) + b"  - [\n"}


def removed(_: Git) -> Edits:
    return {CLUSTER: None}


def added(made: Git) -> Edits:
    new = edited(read(made, CLUSTER), b"eu-west-1", b"eu-central-1")
    return {f"{FOLDER}/eu-central-1.yaml": new}


def lock(made: Git) -> Edits:
    path = f"{FOLDER}/locks/7.yaml"
    return {path: edited(read(made, path), b'version: "7"', b'version: "6"')}


def plan(made: Git) -> Edits:
    path = f"{FOLDER}/family.yaml"
    return {path: read(made, path) + b"# a remark\n"}


def quarantine(_: Git) -> Edits:
    return {f"{FOLDER}/quarantine.yaml": b"kind: Quarantine\n"}


def record(made: Git) -> Edits:
    return {RECORD: edited(read(made, RECORD), b'"ready"', b'"other"')}


def odd_record(made: Git) -> Edits:
    """A record that can be read and does not fit its schema, added as a later one."""
    found = json.loads(read(made, RECORD))
    found["spec"]["extra"] = 1
    return {RECORD: json.dumps(found).encode()}


def no_record(_: Git) -> Edits:
    return {RECORD: None}


def stray_record(_: Git) -> Edits:
    return {f"ledger/{FAMILY}/000002.json": b"{}"}


def environment(made: Git) -> Edits:
    path = "clusters/prod/environment.yaml"
    return {path: edited(read(made, path), b"tier: development", b"tier: 5")}


@pytest.mark.parametrize(
    "edit",
    [weight, version, harmless, malformed, removed, added, lock, plan, quarantine, record,
     odd_record, no_record, stray_record, environment],
)  # fmt: skip
def test_any_other_family_is_read_with_the_same_result_as_without_this(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: object
) -> None:
    made, _ = adopted(tmp_path)
    publish(made, edit(made))  # type: ignore[operator]
    with open_run(options(made, 60)) as run:
        assert run.idle(FAMILY) is None
    found = advanced(made)
    monkeypatch.setattr(Run, "idle", lambda *_: None)
    assert found == advanced(made)


def test_another_valid_environment_makes_nothing_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = adopted(tmp_path)
    path = "clusters/prod/environment.yaml"
    publish(made, {path: read(made, path) + b"# a remark\n"})
    found = advanced(made)
    assert isinstance(found[0], Waiting) and found[0].exit_code == 0
    monkeypatch.setattr(Run, "idle", lambda *_: None)
    assert found == advanced(made)


def test_a_family_is_not_idle_after_a_record_that_verifies_nothing(tmp_path: Path) -> None:
    made, _ = adopted(tmp_path)
    move_family(options(made, 30), FAMILY, unverified)
    with open_run(options(made, 60)) as run:
        assert run.idle(FAMILY) is None


def test_a_family_without_a_record_is_not_idle(tmp_path: Path) -> None:
    made, _ = fleet(tmp_path)
    with open_run(options(made)) as run:
        assert run.idle(FAMILY) is None

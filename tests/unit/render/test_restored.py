"""Bytes that a revert brought back stand until the spec changes, and only those bytes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.decision import (
    Action,
    Decision,
    Phase,
    Position,
    Record,
    Restored,
    Target,
    VerifiedState,
)
from lockstep.model.fleet import Fleet
from lockstep.model.git_ids import git_tree_id
from lockstep.model.record import record_of
from lockstep.render import Templates, compare, keep_restored, restorable_folders
from lockstep.render.provenance import FILE_NAME, restore_provenance
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, inputs_in, tree_of
from tests.unit.whole_fleets import render_fleet

FOLDER = "rendered/prod/clusters/fraud-eu"
COMMIT = "c" * 40
Files = dict[str, bytes]


def render(templates: Templates, **spec: Any) -> Files:
    files, findings = render_fleet(fleet_of(tree_of(cluster(**spec))), templates)
    assert not findings
    return files


@pytest.fixture(scope="module")
def newer() -> Templates:
    """Templates that have changed since the old bytes were rendered."""
    tree = rendering.resources()
    path = "templates/service/service.yaml.j2"
    tree[path] = tree[path].replace(b"appProtocol: http", b"appProtocol: http2")
    return Templates(tree, read_kubernetes_schema)


@pytest.fixture
def now(newer: Templates) -> Files:
    return render(newer)


@pytest.fixture
def old() -> Files:
    return render(rendering.templates())


def inside(files: Mapping[str, bytes], path: str = FOLDER) -> Files:
    return {p.split("/")[-1]: data for p, data in files.items() if p.startswith(f"{path}/")}


def restored(old: Files, now: Files) -> Files:
    """What a revert commits: the old folder, marked."""
    path = f"{FOLDER}/{FILE_NAME}"
    back = {p: data for p, data in old.items() if p.startswith(FOLDER)}
    others = {p: data for p, data in now.items() if not p.startswith(FOLDER)}
    return {**others, **back, path: restore_provenance(old[path], inputs_in(now[path]), COMMIT)}


def verified(old: Files) -> dict[str, set[str]]:
    return {FOLDER: {git_tree_id(inside(old))}}


def test_restored_bytes_stay_although_the_templates_have_changed(old: Files, now: Files) -> None:
    committed = restored(old, now)
    assert committed != now
    assert compare(now, committed, restorable=verified(old)) == []
    assert keep_restored(now, committed, verified(old)) == dict(sorted(committed.items()))


def test_a_mark_that_no_record_confirms_is_not_believed(old: Files, now: Files) -> None:
    findings = compare(now, restored(old, now))
    assert {f.file for f in findings} == {f"{FOLDER}/service.yaml"}
    other = {FOLDER: {git_tree_id({"a.yaml": b""})}}
    assert compare(now, restored(old, now), restorable=other) == findings


@pytest.mark.parametrize("name", ["service.yaml", "deployment-v41.yaml", "PROVENANCE"])
def test_restored_bytes_that_were_edited_do_not_stay(old: Files, now: Files, name: str) -> None:
    committed = restored(old, now)
    path = f"{FOLDER}/{name}"
    committed[path] = committed[path].replace(b"e", b"f", 1)
    assert keep_restored(now, committed, verified(old)) == now
    assert compare(now, committed, restorable=verified(old))


def test_an_added_or_removed_file_ends_the_restore(old: Files, now: Files) -> None:
    more = {**restored(old, now), f"{FOLDER}/job.yaml": b""}
    assert compare(now, more, restorable=verified(old))
    less = {p: d for p, d in restored(old, now).items() if not p.endswith("/service.yaml")}
    assert compare(now, less, restorable=verified(old))


def test_restored_bytes_do_not_stay_when_the_spec_changes(
    old: Files, now: Files, newer: Templates
) -> None:
    later = render(newer, host="new.models.example.com")
    assert keep_restored(later, restored(old, now), verified(old)) == later
    assert compare(later, restored(old, now), restorable=verified(old))


def test_a_file_that_only_todays_renderer_writes_is_not_kept(old: Files, now: Files) -> None:
    today = {**now, f"{FOLDER}/budget.yaml": b""}
    assert compare(today, restored(old, now), restorable=verified(old)) == []


def test_an_unmarked_old_folder_does_not_stay(old: Files, now: Files) -> None:
    assert keep_restored(now, old, verified(old)) == now


def test_a_folder_that_is_rendered_no_more_is_not_kept(old: Files, now: Files) -> None:
    assert keep_restored({}, restored(old, now), verified(old)) == {}


def decided(action: Action, sequence: int, **details: Any) -> Record:
    steady = Position(Phase.STEADY)
    decision = Decision(
        "prod", "fraud", sequence, None, action, Target("41", "sha256:" + "4" * 64), steady,
        steady, {}, "because", "ci", "2026-03-01T08:00:00Z", "0.1.0", **details,
    )  # fmt: skip
    return record_of(decision)


def with_records(*records: Record) -> Fleet:
    fleet = fleet_of(tree_of(cluster()))
    environment, family = rendering.only_family(fleet)
    known = replace(environment, families={"fraud": replace(family, records=records)})
    return replace(fleet, environments={"prod": known})


def test_the_ledger_says_which_folders_were_restored() -> None:
    back = VerifiedState(COMMIT, {}, {FOLDER: "1" * 40})
    verify = decided(Action.VERIFY, 1, verified_state=back)
    restore = decided(Action.RESTORE, 2, restored=Restored(1, True, (), COMMIT))
    assert restorable_folders(with_records(verify, restore)) == {FOLDER: {"1" * 40}}


def test_a_restore_that_rendered_again_confirms_nothing() -> None:
    verify = decided(Action.VERIFY, 1, verified_state=VerifiedState(COMMIT, {}, {FOLDER: "1" * 40}))
    rendered = decided(Action.RESTORE, 2, restored=Restored(1, True))
    elsewhere = decided(Action.RESTORE, 3, restored=Restored(9, True, (), COMMIT))
    assert restorable_folders(with_records(verify, rendered, elsewhere)) == {}
    assert restorable_folders(with_records(verify)) == {}


def test_trees_of_a_sha256_repository_are_known_too(old: Files, now: Files) -> None:
    trees = {FOLDER: {git_tree_id(inside(old), algorithm="sha256")}}
    assert compare(now, restored(old, now), restorable=trees) == []

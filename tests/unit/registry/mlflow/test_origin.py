"""Where a version came from, and what remains when that is removed from the registry."""

from typing import Any

import pytest

from lockstep.model.document import Document, Json
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Severity
from lockstep.registry.limits import Unlockable
from lockstep.registry.mlflow.versions import MlflowRegistry
from lockstep.spec.lock import build_lock, compare_lock, refresh_lock, write_lock
from lockstep.spec.yaml.load import load_yaml
from tests.unit.mlflow_store import Store

READ_AT = "2026-01-31T09:00:00Z"
LATER = "2026-02-28T09:00:00Z"


def facts(store: Store, name: str, known: Json = None) -> Json:
    at = LATER if known else READ_AT
    return MlflowRegistry(store.uri).facts(name, "1", at, known)


def measured(store: Store, name: str) -> tuple[Json, str, str]:
    """The facts of a new version with metrics, its logged model and its run."""
    _, model_id, run = store.version(name)
    store.measure(run, model_id, "auc", 0.95, "holdout")
    store.measure(run, model_id, "auc", 0.93, "live", step=1)
    return facts(store, name), model_id, run


def purge(store: Store, run: str) -> None:
    """What ``mlflow gc`` does with a deleted run."""
    store.client.delete_run(run)
    tracking: Any = store.client._tracking_client.store
    tracking._hard_delete_run(run)


def written(spec: Json) -> Document:
    document, findings = load_yaml("lock", write_lock(build_lock("prod", "fraud", spec)))
    assert findings == [] and document is not None
    return document


def compared(known: Json, fresh: Json) -> list[tuple[str, Severity, str]]:
    found = compare_lock(written(known), build_lock("prod", "fraud", fresh))
    return [(each.rule, each.severity, each.message) for each in found]


def warning(what: str) -> list[tuple[str, Severity, str]]:
    message = (
        f"the registry has removed {what}; the version and its files are intact, and facts that "
        "only this could show stay as the lock has them"
    )
    return [("lock.removed", Severity.WARNING, message)]


def same_but_removed(known: Json, fresh: Json, *parts: str) -> None:
    assert fresh["identity"] == known["identity"]
    expected = {**known["facts"], "readAt": LATER}
    expected["lineage"] = {**known["facts"]["lineage"], "removed": list(parts)}
    assert fresh["facts"] == expected


def test_a_deleted_run_still_shows_its_facts(store: Store) -> None:
    known, _, run = measured(store, "run-deleted")
    store.client.delete_run(run)
    fresh = facts(store, "run-deleted", known)
    same_but_removed(known, fresh, "run")
    assert compared(known, fresh) == warning(f"the run {run}")
    # Everything is still known, so a new lock says the same.
    assert facts(store, "run-deleted")["facts"]["lineage"]["removed"] == ["run"]
    store.client.restore_run(run)
    assert compared(known, facts(store, "run-deleted", known)) == []


def test_a_purged_run_leaves_the_facts_as_they_were(store: Store) -> None:
    known, model_id, run = measured(store, "run-purged")
    purge(store, run)
    fresh = facts(store, "run-purged", known)
    same_but_removed(known, fresh, "run")
    assert compared(known, fresh) == warning(f"the run {run}")
    lock, refused = refresh_lock(written(known), build_lock("prod", "fraud", fresh))
    assert refused == [] and lock["spec"] == fresh
    # Read again from its own refreshed lock, nothing is lost.
    assert facts(store, "run-purged", fresh) == fresh
    other = store.run()
    store.measure(other, model_id, "auc", 0.97, "live", at=1_769_846_500_000)
    metrics = facts(store, "run-purged", fresh)["facts"]["metrics"]
    assert [(m["dataset"], m["value"]) for m in metrics] == [("holdout", 0.95), ("live", 0.97)]


def test_a_newer_value_of_the_purged_run_stays(store: Store) -> None:
    _, model_id, run = store.version("run-was-newer")
    other = store.run()
    store.measure(other, model_id, "auc", 0.5, "live", at=1_769_840_000_000)
    store.measure(run, model_id, "auc", 0.95, "live")
    known = facts(store, "run-was-newer")
    purge(store, run)
    (metric,) = facts(store, "run-was-newer", known)["facts"]["metrics"]
    assert metric["value"] == 0.95


def test_a_new_lock_of_a_purged_run_is_refused(store: Store) -> None:
    _, _, run = measured(store, "run-unknown")
    purge(store, run)
    others: list[Json] = [None, {"identity": {"run": "another"}, "facts": {}}, {"identity": []}]
    for known in others:
        with pytest.raises(Unlockable) as caught:
            facts(store, "run-unknown", known)
        assert caught.value.message == (
            "version 1 of run-unknown cannot be locked: the registry does not have the run "
            f"{run} that it came from, so its datasets and metrics are unknown"
        )


def test_an_edited_lock_gives_no_traceback(store: Store) -> None:
    known, _, run = measured(store, "lock-edited")
    purge(store, run)
    for odd in ({}, None, {"metrics": 1, "datasets": {}}, {"metrics": [1, {}], "datasets": [2]}):
        fresh = facts(store, "lock-edited", {"identity": known["identity"], "facts": odd})
        assert fresh["facts"]["datasets"] == []


def test_a_removed_logged_model_is_a_warning(store: Store) -> None:
    known, model_id, _ = measured(store, "model-removed")
    store.client.delete_logged_model(model_id)
    fresh = facts(store, "model-removed", known)
    same_but_removed(known, fresh, "loggedModel")
    assert compared(known, fresh) == warning(f"the logged model {model_id}")
    with pytest.raises(Unlockable, match=f"does not have the logged model {model_id}"):
        facts(store, "model-removed")


def test_a_removed_logged_model_that_alone_named_the_run(store: Store) -> None:
    run = store.run({"train": "abc123"})
    model_id = store.logged_model(run, {"MLmodel": "x: 1"})
    store.register("model-named-the-run", f"models:/{model_id}")
    known = facts(store, "model-named-the-run")
    assert known["identity"]["run"] == run
    store.client.delete_logged_model(model_id)
    same_but_removed(known, facts(store, "model-named-the-run", known), "loggedModel")


def test_the_version_that_was_copied_may_be_removed(store: Store) -> None:
    _, model_id, _ = measured(store, "copied-origin")
    store.client.copy_model_version("models:/copied-origin/1", "copy")
    known = facts(store, "copy")
    assert known["identity"]["modelId"] == model_id
    store.client.delete_model_version("copied-origin", "1")
    fresh = facts(store, "copy", known)
    same_but_removed(known, fresh, "copiedFrom")
    assert compared(known, fresh) == warning(
        "the version models:/copied-origin/1 that it was copied from"
    )
    with pytest.raises(Unlockable, match="does not have the version models:/copied-origin/1"):
        facts(store, "copy")


def test_files_that_are_gone_are_not_intact(store: Store) -> None:
    run = store.run()
    store.register("files-gone", (store.folder / "nowhere").as_uri(), run)
    with pytest.raises(LockstepError, match="no files"):
        facts(store, "files-gone")


@pytest.mark.parametrize("run", ["../x", "a b", "x" * 129])
def test_an_odd_id_of_a_run_is_refused_and_not_left_out(store: Store, run: str) -> None:
    name = f"odd-run-{len(run)}"
    model_id = store.logged_model(store.run(), {"MLmodel": "x: 1"})
    store.register(name, f"models:/{model_id}", run)
    with pytest.raises(Unlockable, match="does not have the form of one"):
        facts(store, name)

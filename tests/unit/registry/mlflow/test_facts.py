"""Facts of MLflow's database: as they are, in an order that does not change, or refused."""

import pytest

from lockstep.model.document import Json
from lockstep.registry import limits
from lockstep.registry.limits import Unlockable
from lockstep.registry.mlflow.versions import MlflowRegistry
from lockstep.spec.lock import build_lock, write_lock
from lockstep.spec.yaml.load import load_yaml
from tests.unit.mlflow_store import Store

READ_AT = "2026-01-31T09:00:00Z"
ODD = ["yes", "1e3", "null", " x ", "\u202e", "a\nb\t\x1b[31m", "\u00e9", "e\u0301"]


def facts(store: Store, name: str, version: str = "1") -> Json:
    return MlflowRegistry(store.uri).facts(name, version, READ_AT)["facts"]


def test_tags_are_exact_and_survive_the_file(store: Store) -> None:
    tags = {f"tag-{i}": text for i, text in enumerate(ODD)}
    tags |= {"Team": "a", "team": "b", "yes": "no", "1e3": "1e3", "long": "x" * 90_000}
    store.version("tags-exact", tags=tags)
    spec = MlflowRegistry(store.uri).facts("tags-exact", "1", READ_AT)
    assert spec["facts"]["tags"] == tags
    lock = build_lock("prod", "fraud", spec)
    document, findings = load_yaml("lock", write_lock(lock))
    assert findings == [] and document is not None
    assert document.value == lock


def test_too_many_tags_are_refused(store: Store) -> None:
    store.version("tagged", tags={f"tag-{i}": "x" for i in range(limits.MOST_TAGS + 1)})
    with pytest.raises(Unlockable, match="the version has 201 tags; at most 200 are allowed"):
        facts(store, "tagged")


def test_datasets_are_exact_and_in_order(store: Store) -> None:
    names = ["b", " b", "B", "yes", "1e3", "e\u0301", "\u00e9"]
    run = store.run({name: f"digest of {name}" for name in names})
    model_id = store.logged_model(run, {"MLmodel": "x: 1"})
    store.register("datasets-exact", f"models:/{model_id}", run)
    found = facts(store, "datasets-exact")["datasets"]
    assert [each["name"] for each in found] == sorted(names)
    assert [each["digest"] for each in found] == [f"digest of {name}" for name in sorted(names)]


def test_too_many_datasets_are_refused(store: Store) -> None:
    run = store.run({f"part-{i}": "d" for i in range(limits.MOST_DATASETS + 1)})
    model_id = store.logged_model(run, {"MLmodel": "x: 1"})
    store.register("many-datasets", f"models:/{model_id}", run)
    with pytest.raises(Unlockable, match="has 201 datasets; at most 200 are allowed") as caught:
        facts(store, "many-datasets")
    assert caught.value.fix == "log fewer datasets in its run; facts are never cut"


def test_names_of_metrics_and_their_datasets_are_exact(store: Store) -> None:
    _, model_id, run = store.version("metrics-exact")
    for step, dataset in enumerate(("live", " live", "Live", "l" * 400, None)):
        store.measure(run, model_id, "auc", 0.9, dataset, step=step)
    found = [each["dataset"] for each in facts(store, "metrics-exact")["metrics"]]
    assert found == [None, " live", "Live", "live", "l" * 400]


def test_too_many_metrics_are_refused(store: Store) -> None:
    from mlflow.entities import Metric

    _, model_id, run = store.version("many-metrics")
    logged = [
        Metric(f"m{i}", 0.5, 1, 0, model_id=model_id, run_id=run)
        for i in range(limits.MOST_METRICS + 1)
    ]
    store.client.log_batch(run, metrics=logged)
    with pytest.raises(Unlockable, match="has 501 metrics by dataset; at most 500 are allowed"):
        facts(store, "many-metrics")


def test_the_lock_fits_its_schema_at_the_bounds(store: Store) -> None:
    tags = {"k" * 250: "v" * limits.LONGEST_TAG}
    store.version("at-the-bounds", tags=tags)
    assert facts(store, "at-the-bounds")["tags"] == tags


def test_a_huge_description_is_refused_and_not_left_out(store: Store) -> None:
    text = "x: " + "y" * limits.MOST_DESCRIPTION_BYTES
    version, _, _ = store.version("huge-description", {"MLmodel": text})
    with pytest.raises(Unlockable, match="MLmodel has 5000003 bytes; at most 5000000 are allowed"):
        facts(store, "huge-description", version)


def test_a_signature_in_a_large_description_is_read(store: Store) -> None:
    text = f'metadata: {"y" * 2_000_000}\nsignature: {{inputs: \'[{{"type": "long"}}]\'}}\n'
    version, _, _ = store.version("large-description", {"MLmodel": text})
    found = facts(store, "large-description", version)["signature"]
    assert found["inputs"] == [{"name": None, "type": "long", "required": True}]

"""The registry's facts, read from real MLflow, and from servers that answer nonsense."""

import hashlib
import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lockstep.model.canonical import digest_json
from lockstep.model.document import Json
from lockstep.model.errors import Invalid, LockstepError
from lockstep.registry.base import NotInRegistry, Unreachable
from lockstep.registry.mlflow.client import moment
from lockstep.registry.mlflow.versions import MlflowRegistry
from tests.unit.mlflow_store import (
    MLMODEL,
    Reply,
    Store,
    free_port,
    http_server,
    odd_server,
    remote_store,
)

READ_AT = "2026-01-31T09:00:00Z"
T0 = 1_769_846_400_000


pytestmark = pytest.mark.usefixtures("no_patience")


def facts(store: Store, name: str, version: str = "1") -> Json:
    return MlflowRegistry(store.uri).facts(name, version, READ_AT)


def metrics(store: Store, name: str) -> dict[tuple[str, str | None], Json]:
    found = facts(store, name)["facts"]["metrics"]
    return {(metric["name"], metric["dataset"]): metric for metric in found}


def test_a_given_address_is_that_of_the_versions_whatever_the_environment_says(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, _, _ = store.version("named-twice")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"sqlite:///{tmp_path / 'another.db'}")
    assert facts(store, "named-twice", version)["identity"]["version"] == version


def test_the_version_that_serves_is_that_of_an_alias_or_the_highest(store: Store) -> None:
    registry = MlflowRegistry(store.uri)
    for _ in range(11):
        store.version("serves")
    assert registry.serving("serves") == "11"  # by number: "9" would come last as text
    store.version("serves", tags={"archived": "true"})
    assert registry.serving("serves") == "11"
    store.client.set_registered_model_alias("serves", "production", "3")
    assert registry.serving("serves") == "3"
    store.client.set_registered_model_alias("serves", "champion", "2")
    assert registry.serving("serves") == "2"


def test_a_model_without_a_version_serves_none(store: Store) -> None:
    store.client.create_registered_model("empty")
    for model in ("empty", "unknown"):
        with pytest.raises(NotInRegistry):
            MlflowRegistry(store.uri).serving(model)


def test_all_facts_of_a_version(store: Store) -> None:
    version, model_id, run = store.version("full", tags={"team": "risk"})
    store.measure(run, model_id, "auc", 0.95, "holdout-eu")
    store.measure(run, model_id, "auc_samples", 5000, "holdout-eu")
    digest = digest_json([["MLmodel", hashlib.sha256(MLMODEL.encode()).hexdigest()]])
    assert facts(store, "full", version) == {
        "identity": {
            "registry": "mlflow",
            "model": "full",
            "version": "1",
            "digest": digest,
            "source": f"models:/{model_id}",
            "modelId": model_id,
            "run": run,
        },
        "facts": {
            "readAt": READ_AT,
            "status": "READY",
            "archived": False,
            "datasets": [{"name": "train", "digest": "abc123", "context": "training"}],
            "metrics": [
                {
                    "name": "auc",
                    "value": 0.95,
                    "dataset": "holdout-eu",
                    "datasetDigest": "d1",
                    "samples": 5000,
                    "measuredAt": "2026-01-31T08:00:00Z",
                    "problem": "",
                }
            ],
            "signature": {
                "inputs": [{"name": "amount", "type": "double", "required": True}],
                "outputs": [
                    {"name": None, "type": "tensor of int64, shape [-1]", "required": True}
                ],
                "params": [],
            },
            "tags": {"team": "risk"},
            "lineage": {"copiedFrom": None},
        },
    }


def test_a_logged_nan_is_no_number(store: Store) -> None:
    _, model_id, run = store.version("nan")
    store.measure(run, model_id, "fpr", math.nan, "live")
    found = metrics(store, "nan")[("fpr", "live")]
    assert found["value"] is None
    assert "NaN" in found["problem"]


def test_a_real_zero_is_a_number(store: Store) -> None:
    _, model_id, run = store.version("zero")
    store.measure(run, model_id, "fpr", 0.0, "live")
    assert metrics(store, "zero")[("fpr", "live")]["value"] == 0.0


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_is_no_number(store: Store, value: float) -> None:
    _, model_id, run = store.version(f"inf{value}")
    store.measure(run, model_id, "fpr", value, "live")
    found = metrics(store, f"inf{value}")[("fpr", "live")]
    assert found["value"] is None
    assert "infinite" in found["problem"]


def test_the_newest_of_repeated_values_wins_for_each_dataset(store: Store) -> None:
    _, model_id, run = store.version("repeated")
    later = store.run()
    store.measure(run, model_id, "fpr", 0.01, "live-eu", at=T0 + 5000)
    store.measure(later, model_id, "fpr", 0.02, "live-eu", at=T0 + 9000, digest="d2")
    store.measure(run, model_id, "fpr", 0.03, "live-eu", at=T0 + 7000)
    store.measure(run, model_id, "fpr", 0.04, "live-us", at=T0)
    store.measure(run, model_id, "fpr", 0.05, at=T0 + 99_000)
    found = metrics(store, "repeated")
    assert found[("fpr", "live-eu")]["value"] == 0.02
    assert found[("fpr", "live-eu")]["datasetDigest"] == "d2"
    assert found[("fpr", "live-eu")]["measuredAt"] == "2026-01-31T08:00:09Z"
    assert found[("fpr", "live-us")]["value"] == 0.04
    assert found[("fpr", None)]["value"] == 0.05


def test_a_newer_nan_hides_an_older_number(store: Store) -> None:
    _, model_id, run = store.version("hidden")
    store.measure(run, model_id, "fpr", 0.01, "live", at=T0)
    store.measure(run, model_id, "fpr", math.nan, "live", at=T0 + 1)
    assert metrics(store, "hidden")[("fpr", "live")]["value"] is None


def test_different_values_of_the_same_moment_are_a_problem(store: Store) -> None:
    _, model_id, run = store.version("torn")
    store.measure(run, model_id, "fpr", 0.01, "live", at=T0)
    store.measure(store.run(), model_id, "fpr", 0.02, "live", at=T0)
    found = metrics(store, "torn")[("fpr", "live")]
    assert found["value"] is None
    assert "different values of fpr on dataset live" in found["problem"]


def test_a_count_belongs_to_the_value_beside_it(store: Store) -> None:
    _, model_id, run = store.version("counted")
    other = store.run()
    store.measure(run, model_id, "a", 0.1, "live")
    store.measure(run, model_id, "a_samples", 100, "live")
    store.measure(run, model_id, "a_samples", 900, "holdout", step=1)
    store.measure(run, model_id, "b", 0.1, "live")
    store.measure(other, model_id, "b_samples", 100, "live")
    store.measure(run, model_id, "c", 0.1, "live")
    store.measure(run, model_id, "c_samples", math.nan, "live")
    store.measure(run, model_id, "d", 0.1, "live")
    store.measure(run, model_id, "d_samples", 10.5, "live")
    store.measure(run, model_id, "e", 0.1, "live", at=T0)
    store.measure(run, model_id, "e_samples", 70, "live", at=T0 + 3)
    found = metrics(store, "counted")
    counts = {name: metric["samples"] for (name, dataset), metric in found.items() if dataset}
    assert counts == {"a": 100, "b": None, "c": None, "d": None, "e": None, "a_samples": None}
    late = MlflowRegistry(store.uri).measure(facts(store, "counted"), "e", "live", READ_AT)
    assert late.ignored == "no e_samples of the same run, step and time: log both in one call"
    assert ("a_samples", "holdout") in found  # there is no value there that it could belong to


def test_the_digest_tells_content_and_names_apart_and_nothing_else(store: Store) -> None:
    contents: list[dict[str, str]] = [
        {"MLmodel": "a", "data/model.bin": "b"},
        {"MLmodel": "a", "data/model.bin": "b", "registered_model_meta": "version 7"},
        {"MLmodel": "a", "data/model.bin": "c"},
        {"MLmodel": "a", "data/other.bin": "b"},
        {"MLmodel": "a", "data/model.bin": "b", "data/registered_model_meta": "x"},
    ]
    digests = []
    for files in contents:
        version, _, _ = store.version("content", files)
        digests.append(facts(store, "content", version)["identity"]["digest"])
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4


def test_a_version_without_files_is_refused(store: Store) -> None:
    store.version("hollow", {})
    with pytest.raises(LockstepError, match="no files"):
        facts(store, "hollow")


def test_a_pipe_among_the_files_is_refused_not_read(store: Store, tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("x: 1")
    os.mkfifo(tmp_path / "pipe")
    store.register("piped", tmp_path.as_uri(), store.run())
    with pytest.raises(LockstepError, match="'pipe' of the model is not a file"):
        facts(store, "piped")


def test_a_copy_of_a_copy_leads_to_the_same_model(store: Store) -> None:
    version, model_id, _ = store.version("origin")
    first = store.client.copy_model_version(f"models:/origin/{version}", "copied")
    second = store.client.copy_model_version(f"models:/copied/{first.version}", "copied-again")
    lock = facts(store, "copied-again", str(second.version))
    original = facts(store, "origin", version)
    assert lock["identity"]["modelId"] == model_id
    assert lock["identity"]["digest"] == original["identity"]["digest"]
    assert lock["identity"]["source"] == f"models:/{model_id}"
    assert lock["facts"]["lineage"] == {"copiedFrom": "models:/copied/1"}


def test_a_version_of_mlflow_2_has_facts_but_no_metrics_by_dataset(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "MLmodel").write_text("x: 1")
    run = store.run()
    store.client.log_artifacts(run, str(tmp_path), "model")
    store.register("old", f"runs:/{run}/model", run)
    lock = facts(store, "old")
    assert lock["identity"]["modelId"] is None
    assert lock["identity"]["run"] == run
    assert lock["facts"]["metrics"] == []
    assert lock["facts"]["signature"] is None
    measured = MlflowRegistry(store.uri).measure(lock, "auc", "holdout", READ_AT)
    assert measured.value is None
    assert "no logged model" in measured.problem


@pytest.mark.parametrize("alias", ["champion", "@champion", "latest", "Production", "", "01", "1 "])
def test_an_alias_is_no_pin(store: Store, alias: str) -> None:
    with pytest.raises(Invalid, match="can move to another version"):
        facts(store, "full", alias)


def test_archived_by_stage_or_by_tag(store: Store) -> None:
    store.version("archived", tags={"archived": "True"})
    store.version("archived", tags={"archived": "no"})
    version, _, _ = store.version("archived")
    with pytest.warns(FutureWarning):
        store.client.transition_model_version_stage("archived", version, "Archived")
    found = [facts(store, "archived", v)["facts"]["archived"] for v in ("1", "2", version)]
    assert found == [True, False, True]


def test_what_the_registry_does_not_have_is_its_own_error(store: Store) -> None:
    store.version("present")
    for name, version in (("absent", "1"), ("present", "9")):
        with pytest.raises(NotInRegistry) as caught:
            facts(store, name, version)
        assert caught.value.where == store.uri


def test_measure_reads_what_was_logged_after_the_lock(store: Store) -> None:
    _, model_id, run = store.version("measured")
    registry = MlflowRegistry(store.uri)
    lock = registry.facts("measured", "1", READ_AT)
    assert registry.measure(lock, "fpr", "live", READ_AT).problem == (
        "no measurement of fpr on dataset live"
    )
    store.measure(run, model_id, "fpr", 0.02, "live")
    store.measure(run, model_id, "fpr_samples", 4000, "live")
    found = registry.measure(lock, "fpr", "live", READ_AT)
    assert (found.value, found.samples, found.time) == (0.02, 4000, "2026-01-31T08:00:00Z")
    assert registry.measure(lock, "fpr", None, READ_AT).value is None


def test_a_value_from_the_future_neither_counts_nor_hides_another(store: Store) -> None:
    _, model_id, run = store.version("tomorrow")
    registry = MlflowRegistry(store.uri)
    lock = registry.facts("tomorrow", "1", READ_AT)
    store.measure(run, model_id, "auc", 0.99, "live", at=T0 + 7_200_000)
    alone = registry.measure(lock, "auc", "live", READ_AT)
    assert alone.value is None and alone.problem == "no measurement of auc on dataset live"
    store.measure(run, model_id, "auc", 0.5, "live", at=T0)
    store.measure(run, model_id, "auc", 0.98, "live", at=10**17)  # a year that no date can have
    found = registry.measure(lock, "auc", "live", READ_AT)
    assert (found.value, found.time, found.problem) == (0.5, "2026-01-31T08:00:00Z", "")
    assert found.ignored == (
        "2 values dated in the future, up to a time that no calendar has, not counted"
    )
    assert metrics(store, "tomorrow")[("auc", "live")]["value"] == 0.5  # nor in a lock
    later = registry.measure(lock, "auc", "live", "2026-01-31T10:00:00Z")
    assert (later.value, later.ignored[:7]) == (0.99, "1 value")


def test_a_value_of_this_second_is_not_from_the_future(store: Store) -> None:
    _, model_id, run = store.version("now")
    lock = MlflowRegistry(store.uri).facts("now", "1", READ_AT)
    store.measure(run, model_id, "auc", 0.99, "live", at=T0 + 999)
    found = MlflowRegistry(store.uri).measure(lock, "auc", "live", "2026-01-31T08:00:00Z")
    assert (found.value, found.ignored) == (0.99, "")


def test_what_cannot_be_used_comes_with_the_newest_that_can(store: Store) -> None:
    _, model_id, run = store.version("covered")
    registry = MlflowRegistry(store.uri)
    lock = registry.facts("covered", "1", READ_AT)

    def log(value: float, samples: int | None, at: int) -> None:
        store.measure(run, model_id, "fpr", value, "live", at=at)
        if samples is not None:
            store.measure(run, model_id, "fpr_samples", samples, "live", at=at)

    log(0.01, 9000, T0)
    log(0.06, 5000, T0 + 1000)
    log(0.02, None, T0 + 2000)
    log(0.03, 10, T0 + 3000)
    log(math.nan, 8000, T0 + 4000)
    found = registry.measure(lock, "fpr", "live", READ_AT, needed=2000)
    assert found.value is None and "NaN" in found.problem and found.earlier is not None
    assert (found.earlier.value, found.earlier.samples) == (0.06, 5000)
    assert found.ignored == ""
    without = registry.measure(lock, "fpr", "live", READ_AT)
    assert without.earlier is not None and without.earlier.value == 0.03
    assert registry.measure(lock, "fpr", "live", READ_AT, needed=10**6).earlier is None
    log(0.04, 4000, T0 + 5000)
    assert registry.measure(lock, "fpr", "live", READ_AT, needed=2000).earlier is None


def test_a_model_that_is_gone_is_a_problem_and_no_failure(store: Store) -> None:
    _, model_id, _ = store.version("gone")
    registry = MlflowRegistry(store.uri)
    lock = registry.facts("gone", "1", READ_AT)
    store.client.delete_logged_model(model_id)
    assert "no longer in the registry" in registry.measure(lock, "fpr", "live", READ_AT).problem


def test_a_tracking_server_says_the_same_as_its_database(store: Store, tmp_path: Path) -> None:
    _, model_id, run = store.version("served", tags={"team": "risk"})
    store.measure(run, model_id, "fpr", math.nan, "live")
    store.measure(run, model_id, "auc", 0.95, "holdout")
    with http_server(store, tmp_path) as address:
        registry = MlflowRegistry(address)
        lock = registry.facts("served", "1", READ_AT)
        assert lock == facts(store, "served")
        asked = (
            {"fpr"},
            "live",
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 3, 1, tzinfo=UTC),
        )
        found = repr(registry.values(lock, *asked))
        assert found == repr(MlflowRegistry(store.uri).values(lock, *asked)) and "nan" in found
        with pytest.raises(NotInRegistry):
            registry.facts("served", "2", READ_AT)
        kept = remote_store(address, tmp_path)
        version, _, _ = kept.version("kept", {"MLmodel": MLMODEL, "data/model.bin": "weights"})
        lock = registry.facts("kept", version, READ_AT)
    local, _, _ = store.version("kept", {"MLmodel": MLMODEL, "data/model.bin": "weights"})
    assert lock["identity"]["digest"] == facts(store, "kept", local)["identity"]["digest"]
    assert lock["facts"]["signature"] == facts(store, "kept", local)["facts"]["signature"]


def test_no_server_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(LockstepError, match="no MLflow server is named") as caught:
        MlflowRegistry()
    assert "MLFLOW_TRACKING_URI" in caught.value.fix


def test_the_environment_names_the_server(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    assert MlflowRegistry().server == store.uri


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LockstepError, match="no such registry file"):
        MlflowRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(LockstepError, match="MLflow server"):
        MlflowRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}").facts("fraud", "1", READ_AT)


def test_an_unreachable_server_is_named_without_credentials() -> None:
    port = free_port()
    registry = MlflowRegistry(f"http://someone:hunter2@127.0.0.1:{port}")
    with pytest.raises(Unreachable) as caught:
        registry.facts("fraud", "1", READ_AT)
    assert caught.value.where == f"http://127.0.0.1:{port}"
    assert "hunter2" not in caught.value.diagnostics()
    # The cause alone: MLflow's own text repeats URL, pool and retries.
    assert caught.value.message == "the MLflow server could not be asked: Connection refused"


def version_reply(name: str = "fraud", version: str = "1", source: str = "models:/m-1") -> Reply:
    return 200, {"model_version": {"name": name, "version": version, "source": source}}


NONSENSE: dict[str, dict[str, Reply]] = {
    "silence": {"": (200, None)},
    "html": {"": (200, b"<html>Welcome</html>")},
    "not found html": {"": (404, b"<html>no</html>")},
    "empty object": {"": (200, {})},
    "a list": {"": (200, [])},
    "deep json": {"": (200, b"[" * 100_000)},
    "server error": {"": (500, b"oops")},
    "forbidden": {"": (403, {"error_code": "PERMISSION_DENIED", "message": "no"})},
    "another version": {"model-versions/get?": version_reply(version="2")},
    "another model": {"model-versions/get?": version_reply(name="other")},
    "itself": {"model-versions/get?": version_reply(source="models:/fraud/1")},
    "a ring": {
        "name=fraud": version_reply(source="models:/ring/1"),
        "name=ring": version_reply(name="ring", source="models:/fraud/1"),
    },
    "wrong types": {"": (200, {"model_version": {"name": ["x"], "version": {}}})},
}


@pytest.mark.parametrize("replies", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_a_clear_error(replies: dict[str, Reply]) -> None:
    with odd_server(replies) as address:
        registry = MlflowRegistry(address)
        with pytest.raises(LockstepError) as caught:
            registry.facts("fraud", "1", READ_AT)
    assert caught.value.where == address
    assert len(caught.value.message) < 600
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("case", ["another version", "another model", "empty object"])
def test_an_answer_about_another_version_is_not_taken(case: str) -> None:
    with odd_server(NONSENSE[case]) as address, pytest.raises(LockstepError, match="about another"):
        MlflowRegistry(address).facts("fraud", "1", READ_AT)


def test_endless_copies_end() -> None:
    chain = {f"name=m{i}&": version_reply(f"m{i}", source=f"models:/m{i + 1}/1") for i in range(40)}
    with (
        odd_server(chain) as address,
        pytest.raises(LockstepError, match="endless chain of copies"),
    ):
        MlflowRegistry(address).facts("m0", "1", READ_AT)


def test_a_file_name_that_leaves_the_folder_is_refused() -> None:
    replies: dict[str, Reply] = {
        "model-versions/get-download-uri": (200, {"artifact_uri": "mlflow-artifacts:/x"}),
        "model-versions/get?": version_reply(source="somewhere"),
        "mlflow-artifacts/artifacts": (
            200,
            json.dumps({"files": [{"path": "../../etc/passwd", "is_dir": False}]}).encode(),
        ),
    }
    with odd_server(replies) as address, pytest.raises(LockstepError) as caught:
        MlflowRegistry(address).facts("fraud", "1", READ_AT)
    assert caught.value.where == address


@pytest.mark.parametrize("odd", [None, True, -1, 0, 10**30, "5", 1.5])
def test_what_is_no_time_is_none(odd: object) -> None:
    assert moment(odd) is None

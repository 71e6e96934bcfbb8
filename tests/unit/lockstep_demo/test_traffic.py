"""The demo's models and traffic: real, repeatable, and bad only in the one region meant to be."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="the demo needs lockstep[registry]")

from lockstep.gates.verdicts import judge
from lockstep.model.document import Json
from lockstep.model.evidence import Answer, Verdict
from lockstep.model.times import format_time, parse_time
from lockstep.registry.mlflow.versions import MlflowRegistry
from lockstep_demo.payments import REGIONS, collected, today
from lockstep_demo.registry import (
    MODEL,
    STAGING_MODEL,
    Store,
    copy_version,
    create_store,
    load,
    register,
)
from lockstep_demo.traffic import Traffic
from lockstep_demo.training import ALMOST_CURED, RECIPES
from tests.unit.mlflow_store import forget_default_store

START = parse_time("2026-03-02T08:00:00Z")
HOUR = timedelta(hours=1)
GATE: Json = {
    "max": 0.03, "minSamples": 2000, "maxAge": "24h", "live": True, "confidence": 0.99,
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = create_store(tmp_path_factory.mktemp("demo") / "registry")
    for recipe in RECIPES:
        register(store, recipe, 11, START)
    yield store
    forget_default_store()


def test_the_same_seed_draws_the_same_payments() -> None:
    one, labels = collected("eu-west-1", 50, 3)
    again, labels_again = collected("eu-west-1", 50, 3)
    assert one.equals(again)
    assert (labels == labels_again).all()
    assert not one.equals(collected("eu-west-1", 50, 4)[0])
    assert not one.equals(collected("us-east-1", 50, 3)[0])
    hours = [today("eu-west-1", 50, 3, moment)[0] for moment in (0, 3600)]
    assert not hours[0].equals(hours[1])


def test_the_lock_of_a_version_has_what_a_gate_needs(store: Store) -> None:
    facts = MlflowRegistry(store.uri).facts("fraud", "3", format_time(START))["facts"]
    metrics = {(metric["name"], metric["dataset"]): metric for metric in facts["metrics"]}
    for region in REGIONS:
        auc, fpr = metrics[("auc", f"holdout-{region}")], metrics[("fpr", f"holdout-{region}")]
        assert auc["value"] > 0.95
        assert auc["samples"] == 20_000
        assert fpr["value"] < 0.025  # the holdout data does not show what is wrong with it
        assert 18_000 < fpr["samples"] < 20_000
        assert fpr["datasetDigest"]
    assert len({metric["datasetDigest"] for metric in facts["metrics"]}) == len(REGIONS)
    assert {item["context"] for item in facts["datasets"]} == {"training", "evaluation"}
    names = [column["name"] for column in facts["signature"]["inputs"]]
    assert "device_known_days" in names
    assert facts["tags"]["algorithm"] == "gradient-boosting"


def test_a_copy_of_a_copy_scores_payments_with_the_model_that_was_copied(store: Store) -> None:
    assert copy_version(store, "2", MODEL, STAGING_MODEL) == "1"
    assert copy_version(store, "1", STAGING_MODEL, "fraud-archive") == "1"
    model_id, model = load(store, "1", "fraud-archive")
    original_id, original = load(store, "2")
    assert model_id == original_id
    rows, _ = collected("eu-north-1", 50, 3)
    columns = list(original.feature_names_in_)
    assert (model.predict(rows[columns]) == original.predict(rows[columns])).all()


@pytest.mark.parametrize("share", [10, 50])
def test_only_version_3_fails_and_only_in_one_region(store: Store, share: int) -> None:
    registry, traffic = MlflowRegistry(store.uri), Traffic(store, 11)
    start = START + share * HOUR
    verdicts = {}
    for stable, candidate in (("1", "2"), ("2", "3")):
        for region in REGIONS:
            weights = {stable: 100 - share, candidate: share}
            counted = traffic.serve_window(region, weights, start, start + HOUR)
            lock = registry.facts("fraud", candidate, format_time(start))
            found = registry.measure(lock, "fpr", f"live-{region}", format_time(start + HOUR))
            assert found.samples == counted[candidate].honest
            assert found.value == counted[candidate].false_positive_rate
            verdict, _ = judge(GATE, Answer("q", found), start, start + HOUR)
            verdicts[(candidate, region)] = verdict
        start += 2 * HOUR
    bad = {("3", "eu-west-1")}
    assert {key for key, verdict in verdicts.items() if verdict is Verdict.FAIL} == bad
    assert {key for key, verdict in verdicts.items() if verdict is Verdict.PASS} == (
        verdicts.keys() - bad
    )


def test_traffic_follows_the_weights(store: Store) -> None:
    traffic = Traffic(store, 11)
    counted = traffic.serve_window("us-east-1", {"1": 90, "2": 10}, START, START + HOUR)
    assert 35_000 < counted["1"].rows < 37_000
    assert sum(found.rows for found in counted.values()) == 40_000
    alone = traffic.serve_window("us-east-1", {"1": 0, "2": 100}, START, START + HOUR)
    assert alone.keys() == {"2"}


def test_version_4_stops_more_than_the_stable_version_and_is_within_the_limit(store: Store) -> None:
    register(store, ALMOST_CURED, 11, START)
    start, shares = START + 500 * HOUR, {}
    counted = Traffic(store, 11).count_window(
        "eu-west-1", {"2": 50, "4": 50}, start, start + HOUR, 40_000
    )
    for version, found in counted.items():
        moments = list(found.seconds)
        assert moments == sorted(moments) and len(moments) == len(found.stopped)
        assert start.timestamp() <= moments[0] < moments[-1] < (start + HOUR).timestamp()
        shares[version] = found.stopped.mean()
    assert 1.3 * shares["2"] < shares["4"] < 0.03
    assert 37_000 < sum(len(found.seconds) for found in counted.values()) < 40_000


@pytest.mark.parametrize(("weights", "hours"), [({"1": 99}, 1), ({"1": 100}, 0), ({}, 1)])
def test_impossible_traffic_is_refused(store: Store, weights: dict[str, int], hours: int) -> None:
    with pytest.raises(ValueError, match="cannot serve"):
        Traffic(store, 11).serve_window("us-east-1", weights, START, START + hours * HOUR)


def test_a_store_is_never_made_over_another(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    with pytest.raises(FileExistsError):
        create_store(tmp_path)

"""The gate source mlflow, asked through the interface that all sources share."""

from dataclasses import replace

import pytest

from lockstep.gate_sources.base import SOURCES, GateSources
from lockstep.gate_sources.mlflow import MlflowGates, dataset_name
from lockstep.model.document import Json
from lockstep.model.evidence import Measurement, Question
from lockstep.registry.base import Unreachable
from lockstep.registry.mlflow.versions import MlflowRegistry
from tests.unit.mlflow_store import Store, free_port, odd_server

LOCK: Json = {"identity": {"model": "fraud", "version": "1", "modelId": "m-1"}}
GATE: Json = {
    "name": "fpr", "source": "mlflow", "metric": "fpr", "dataset": "live-{region}", "max": 0.03,
}  # fmt: skip
QUESTION = Question(
    gate=GATE,
    cluster="fraud-detection-eu-west-1",
    region="eu-west-1",
    environment="prod",
    candidate=LOCK,
    stable=None,
    since="2026-01-31T08:00:00Z",
    now="2026-01-31T09:00:00Z",
)


pytestmark = pytest.mark.usefixtures("no_patience")


def lock_of(store: Store, name: str, version: str) -> Json:
    return MlflowRegistry(store.uri).facts(name, version, "2026-01-31T08:00:00Z")


def test_both_versions_are_measured_in_the_region(store: Store) -> None:
    old, old_id, old_run = store.version("fraud")
    new, new_id, new_run = store.version("fraud")
    store.measure(old_run, old_id, "fpr", 0.01, "live-eu-west-1")
    store.measure(new_run, new_id, "fpr", 0.06, "live-eu-west-1")
    store.measure(new_run, new_id, "fpr_samples", 3800, "live-eu-west-1")
    store.measure(new_run, new_id, "fpr", 0.02, "live-us-east-1", step=1)
    question = replace(
        QUESTION, candidate=lock_of(store, "fraud", new), stable=lock_of(store, "fraud", old)
    )
    answer = GateSources({"mlflow": store.uri}).ask(question)
    assert answer.failure == ""
    assert answer.query == (
        f"mlflow metric fpr on dataset live-eu-west-1 of fraud version 2 ({new_id})"
    )
    assert answer.candidate == Measurement(0.06, 3800, "2026-01-31T08:00:00Z", "d1")
    assert answer.stable == Measurement(0.01, None, "2026-01-31T08:00:00Z", "d1")


def test_what_is_not_there_is_a_problem_and_no_failure(store: Store) -> None:
    version, _, _ = store.version("unmeasured")
    question = replace(QUESTION, candidate=lock_of(store, "unmeasured", version))
    answer = GateSources({"mlflow": store.uri}).ask(question)
    assert (answer.failure, answer.candidate.value) == ("", None)
    assert answer.candidate.problem == "no measurement of fpr on dataset live-eu-west-1"


def test_the_registry_is_not_waited_for_twice() -> None:
    with odd_server({"": (200, None)}) as address:
        sources = GateSources({"mlflow": address})
        first, second = sources.ask(QUESTION), sources.ask(QUESTION)
    third = sources.ask(QUESTION)  # by now nothing listens, and the answer is still the same
    assert "timed out" in first.failure.lower()
    assert address in first.failure
    assert first == second == third


def test_gates_and_the_check_of_a_rollback_wait_for_the_registry_once() -> None:
    with odd_server({"": (200, None)}) as address:
        failure = GateSources({"mlflow": address}).ask(QUESTION).failure
    with pytest.raises(Unreachable) as caught:
        MlflowRegistry(address).facts("fraud", "1", "2026-01-31T08:00:00Z")
    assert caught.value.located() == failure
    # Other sources, as each family of a run has its own.
    assert GateSources({"mlflow": address}).ask(QUESTION).failure == failure


def test_an_unreachable_server_is_a_failure_without_credentials() -> None:
    address = f"http://someone:hunter2@127.0.0.1:{free_port()}"
    answer = GateSources({"mlflow": address}).ask(QUESTION)
    assert answer.failure
    assert "hunter2" not in answer.failure


def test_no_server_at_all_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert "no MLflow server is named" in GateSources().ask(QUESTION).failure


@pytest.mark.parametrize("name", ["nobody", None, ["mlflow"], ""])
def test_an_unknown_source_is_a_failure(name: object) -> None:
    answer = GateSources().ask(replace(QUESTION, gate={**GATE, "source": name}))
    assert "no gate source" in answer.failure


def test_a_missing_lock_is_a_failure() -> None:
    answer = MlflowGates("http://127.0.0.1:1").ask(replace(QUESTION, candidate=None))
    assert "no lock" in answer.failure


def test_every_source_can_be_made_without_a_server() -> None:
    for make in SOURCES.values():
        make(None)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("live-{region}", "live-eu-west-1"),
        ("{environment}/{cluster}", "prod/fraud-detection-eu-west-1"),
        ("live-{region}-{segment}", "live-eu-west-1-consumer"),
        ("fixed", "fixed"),
        (None, None),
    ],
)
def test_a_dataset_may_name_region_cluster_and_environment(
    template: str | None, name: str | None
) -> None:
    asked = replace(QUESTION, gate={**GATE, "dataset": template}, segment="consumer")
    assert dataset_name(asked) == name


def test_the_segment_of_a_cluster_without_one_is_no_dataset() -> None:
    question = replace(QUESTION, gate={**GATE, "dataset": "live-{segment}"})
    answer = MlflowGates("http://127.0.0.1:1").ask(question)
    assert "names the segment, and the cluster has none" in answer.failure


@pytest.mark.parametrize(
    "template",
    [
        "{region.__class__}",
        "{0}",
        "{}",
        "{{region}}",
        "{candidate}",
        "live-{region",
        "}",
        "{region!r}",
    ],
)
def test_any_other_brace_is_refused(template: str) -> None:
    question = replace(QUESTION, gate={**GATE, "dataset": template})
    answer = MlflowGates("http://127.0.0.1:1").ask(question)
    assert "may use" in answer.failure

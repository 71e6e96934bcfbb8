"""``lockstep propose --dry-run``: all that a version lacks at once, and nothing is written."""

import json
from typing import Any

import pytest

from lockstep.cli import invoke
from tests.acceptance.rollouts import HEAD, add_staging, rewrite
from tests.acceptance.world import FAMILY, MODEL, REGIONS, START, World
from tests.unit.mlflow_store import Store, forget_default_store

OFFLINE = (
    "  gates:\n"
    '    - {name: offline, source: mlflow, metric: auc, dataset: "golden-{region}", min: 0.8, '
    "minSamples: 50, when: propose}\n"
)
LIVE = (
    "  gates:\n"
    '    - {name: refused, source: mlflow, metric: fpr, dataset: "live-{region}", max: 0.03, '
    "minSamples: 2000, live: true}\n"
)


def dry(world: World, *arguments: str, at: str = START) -> tuple[int, dict[str, Any]]:
    """A dry run as data: the exit code, and the report."""
    given = ("propose", FAMILY, *arguments, "--dry-run", "--format", "json")
    code, said = world.lockstep(*given, at=at)
    report: dict[str, Any] = json.loads(said)
    assert report["exitCode"] == code
    return code, report


def everything(world: World) -> tuple[object, ...]:
    """All that is in the clone, git's own files too, and all branches at the remote."""
    files = {
        path.relative_to(world.clone): path.read_bytes()
        for path in world.clone.rglob("*")
        if path.is_file() and path.name != "FETCH_HEAD"
    }
    return files, world.git("ls-remote", "origin")


def reasons(report: dict[str, Any]) -> list[str]:
    return [each["reason"] for each in report["items"][0]["missing"]]


def rules(report: dict[str, Any]) -> set[str]:
    return {each["rule"] for each in report["findings"]}


def client(world: World) -> Any:
    import mlflow

    return mlflow.MlflowClient(world.registry, world.registry)


def test_a_version_that_lacks_nothing_is_shown_and_nothing_is_written(world: World) -> None:
    before = everything(world)
    code, report = dry(world, "2", "--reason", "why not")
    assert everything(world) == before
    (item,) = report["items"]
    assert code == 0 and item["outcome"] == "dry-run" and item["missing"] == []
    assert (item["version"], report["findings"]) == ("2", [])
    _, proposed = world.lockstep("propose", FAMILY, "2", "--reason", "why not", "--format", "json")
    (made,) = json.loads(proposed)["items"]
    assert (item["branch"], item["decisions"]) == (made["branch"], made["decisions"])


def test_the_text_says_so(world: World) -> None:
    code, said = world.lockstep("propose", FAMILY, "--newest", "--dry-run")
    assert code == 0
    assert "prod/scoring: DRY RUN: version 3 would be proposed" in said
    assert "nothing was written, committed or pushed" in said
    assert "chosen: version 3 is the newest of scoring" in said
    assert "on branch lockstep/prod/scoring/3-" in said
    assert world.lockstep("propose", FAMILY, "2", "--dry-run", "--quiet") == (0, "")


def test_rules_and_gates_are_reported_at_once(world: World) -> None:
    rewrite(world, HEAD, lambda text: text.replace("  gates:\n", OFFLINE))
    world.measure("2", 0.9, "2026-03-01T07:00:00Z")
    model, bare = register_bare(world)
    before = everything(world)
    code, report = dry(world, bare)
    assert everything(world) == before
    assert code == 12 and report["items"][0]["decisions"] == []
    assert "policy.version-not-archived" in rules(report)
    missing = report["items"][0]["missing"]
    gates = [each for each in missing if each["reason"].startswith("gate offline")]
    assert [each["exitCode"] for each in missing] == [12, 12, 11]
    assert len(gates) == len(REGIONS)
    assert f"log auc and auc_samples for the logged model {model}" in gates[0]["fix"]
    assert "on the dataset golden-eu-west-1, in one call, of at least 50 samples" in gates[0]["fix"]
    code, said = world.lockstep("propose", FAMILY, bare, "--dry-run")
    assert code == 12 and f"version {bare} would not be proposed: 3 things are in its way" in said
    assert "policy.version-not-archived" in said and "fix: log auc and auc_samples" in said
    assert world.lockstep("propose", FAMILY, bare)[0] == code


def test_later_gates_say_what_to_log_and_do_not_fail_the_dry_run(world: World) -> None:
    rewrite(world, HEAD, lambda text: text.replace("  gates:\n", LIVE))
    code, report = dry(world, "2")
    assert code == 0
    later = report["items"][0]["laterGates"]
    waves = [(each["wave"], each["region"]) for each in later]
    assert waves == sorted(waves) and {wave for wave, _ in waves} <= {1, 2}
    refused = [each for each in later if each["evidence"]["gate"]["name"] == "refused"]
    assert {each["region"] for each in refused} == set(REGIONS)
    for each in refused:
        assert each["evidence"]["verdict"] == "inconclusive"
        assert each["log"].startswith("while it serves, log fpr and fpr_samples")
        assert f"live-{each['region']}" in each["log"] and "2000 samples" in each["log"]
    passed = [each for each in later if each["evidence"]["gate"]["name"] == "auc"]
    assert [(each["evidence"]["verdict"], each["log"]) for each in passed] == [("pass", "")] * 2
    said = world.lockstep("propose", FAMILY, "2", "--dry-run")[1]
    assert "to do: while it serves, log fpr and fpr_samples" in said


def test_a_later_gate_that_would_fail_is_told(world: World) -> None:
    world.measure("2", 0.1, "2026-03-01T07:00:00Z", REGIONS[:1])
    code, said = world.lockstep("propose", FAMILY, "2", "--dry-run")
    assert code == 0 and "the version would not get past this gate" in said


def test_a_running_rollout_and_a_gate_are_reported_at_once(world: World) -> None:
    rewrite(world, HEAD, lambda text: text.replace("  gates:\n", OFFLINE))
    for version in "23":
        log_golden(world, version, samples=100 if version == "2" else 10)
    world.merge_proposal()
    code, report = dry(world, "3")
    assert code == 11
    first, *others = report["items"][0]["missing"]
    assert "already has a rollout: version 2 is" in first["reason"] and "revert" in first["fix"]
    assert len(others) == 2 and all("10 samples, 50 needed" in each["reason"] for each in others)
    assert "the rules" in report["items"][0]["notChecked"][0]
    assert world.lockstep("propose", FAMILY, "3")[0] == code


def test_a_quarantine_comes_with_what_else_is_missing(world: World) -> None:
    world.merge_proposal()
    assert world.lockstep("advance", FAMILY)[0] == 0
    code, said = world.lockstep("revert", FAMILY, "--reason", "bad", at="2026-03-01T09:00:00Z")
    assert code == 0, said
    client(world).set_model_version_tag(MODEL, "2", "archived", "true")
    code, report = dry(world, "2", at="2026-03-01T10:00:00Z")
    assert code == 11
    assert "version 2 is in quarantine" in reasons(report)[0]
    assert "policy.version-not-archived" in rules(report)


def test_a_version_that_the_environment_before_has_not_verified(world: World) -> None:
    add_staging(world)
    code, report = dry(world, "2")
    assert code == 11 and "policy.verified-before" in rules(report)


@pytest.mark.parametrize(("version", "expected"), [("9", 10), ("1", 11)])
def test_what_leaves_nothing_to_judge_ends_as_the_proposal_would(
    world: World, version: str, expected: int
) -> None:
    code, report = dry(world, version)
    assert code == expected == world.lockstep("propose", FAMILY, version)[0]
    assert len(report["items"][0]["missing"]) == 1
    assert report["items"][0]["notChecked"]


def test_a_registry_that_does_not_answer_is_no_answer_about_the_version(world: World) -> None:
    command = world.command("propose", FAMILY, "2", "--dry-run")
    command[command.index("--registry-uri") + 1] = "http://127.0.0.1:9"
    code, said = invoke(command)
    assert code == 1 and "would not be proposed: 1 thing is in its way" in said


def register_bare(world: World) -> tuple[str, str]:
    """A version of which nothing is known, and which is archived: its logged model, its number."""
    import mlflow

    mlflow.set_tracking_uri(world.registry)  # MLflow looks there for the model that it registers
    try:
        known = client(world)
        store = Store(world.folder, known, known.search_experiments()[0].experiment_id)
        run = store.run()
        model = store.logged_model(run, {"model.txt": "bare"})
        return model, store.register(MODEL, f"models:/{model}", run, {"archived": "true"})
    finally:
        forget_default_store()


def log_golden(world: World, version: str, samples: int) -> None:
    from mlflow.entities import Metric

    found = client(world).get_model_version(MODEL, version)
    metrics = [
        Metric(key, value, 1_772_300_000_000, step, run_id=found.run_id, dataset_digest="d1",
               model_id=found.source.removeprefix("models:/"), dataset_name=f"golden-{region}")
        for step, region in enumerate(REGIONS)
        for key, value in (("auc", 0.9), ("auc_samples", float(samples)))
    ]  # fmt: skip
    client(world).log_batch(found.run_id, metrics=metrics)

"""Signatures and removed runs, from a real MLflow through every verb that reads them."""

import json
import subprocess
import sys

import yaml

from lockstep.model.document import Json
from tests.acceptance.rollouts import publish, roll, roll_back
from tests.acceptance.world import FAMILY, MODEL, REGIONS, World
from tests.unit.mlflow_store import Store

LOCKS = f"clusters/{FAMILY}/locks"
AMOUNT = {"type": "double", "name": "amount", "required": True}
DEVICE = {"type": "string", "name": " device", "required": False}
ANSWER = [{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]
THRESHOLD = {"name": "threshold", "type": "double", "default": 0.5, "shape": None}


def register(world: World, inputs: list[Json], params: list[Json] | None = None) -> str:
    """A new version with this signature, measured as the gate asks; its number."""
    import mlflow

    client = mlflow.MlflowClient(world.registry, world.registry)
    experiment = client.get_experiment_by_name("test").experiment_id
    store = Store(world.folder, client, experiment)
    parts = {"inputs": inputs, "outputs": ANSWER, "params": params or None}
    signature = {key: part and json.dumps(part) for key, part in parts.items()}
    files = {"MLmodel": yaml.safe_dump({"signature": signature})}
    usual = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(world.registry)  # which MLflow asks for logged models
    version, model_id, run = store.version(MODEL, files)
    mlflow.set_tracking_uri(usual)
    for step, region in enumerate(REGIONS):
        store.measure(run, model_id, "auc", 0.9, f"holdout-{region}", step=step)
    return version


def lock(world: World, version: str) -> Json:
    return yaml.safe_load((world.clone / f"{LOCKS}/{version}.yaml").read_text())["spec"]


def remove_run(world: World, version: str) -> str:
    """Delete the run of a version and clean up, as the registry's owner does; its id."""
    import mlflow

    run: str = lock(world, version)["identity"]["run"]
    mlflow.MlflowClient(world.registry, world.registry).delete_run(run)
    command = ["gc", "--backend-store-uri", world.registry, "--tracking-uri", world.registry]
    subprocess.run([sys.executable, "-m", "mlflow", *command], check=True, capture_output=True)
    return run


def test_an_optional_input_may_be_added_and_not_become_required(world: World) -> None:
    optional = register(world, [AMOUNT, DEVICE], [THRESHOLD])
    world.merge_proposal(optional)
    assert lock(world, optional)["facts"]["signature"] == {
        "inputs": [
            {"name": "amount", "required": True, "type": "double"},
            {"name": " device", "required": False, "type": "string"},
        ],
        "outputs": [{"name": None, "required": True, "type": "tensor of int64, shape [-1]"}],
        "params": [{"name": "threshold", "type": "double", "shape": None, "default": "0.5"}],
    }
    world.must("revert", FAMILY, "--reason", "a better one comes")
    required = register(world, [AMOUNT, {**DEVICE, "required": True}])
    code, said = world.lockstep("propose", FAMILY, required)
    assert code == 11, said
    assert f'version "{required}" requires inputs that version "1", which callers know' in said
    assert '[{"name":" device","type":"string"}]' in said


def test_the_lock_of_an_earlier_version_is_refreshed_by_one_command(world: World) -> None:
    path = world.clone / f"{LOCKS}/1.yaml"
    whole = path.read_text()
    old = whole.replace("        required: true\n", "").replace("      params: []\n", "")
    assert old != whole
    path.write_text(old)
    world.must("render")
    publish(world)
    world.must("check")
    code, said = world.lockstep("propose", FAMILY, "2")
    assert code == 11, said
    assert 'an earlier version of Lockstep wrote the lock of version "1"' in said
    assert f"run lockstep lock {FAMILY} 1, and commit the lock" in said
    world.must("lock", FAMILY, "1")
    publish(world)
    world.merge_proposal("2")


def test_a_version_beyond_a_bound_is_refused_with_the_limit(world: World) -> None:
    columns = [{"type": "double", "name": f"c{i}", "required": False} for i in range(5001)]
    wide = register(world, [AMOUNT, *columns])
    code, said = world.lockstep("propose", FAMILY, wide)
    assert code == 10, said
    assert "has 5002 columns in inputs of its signature; at most 5000 are allowed" in said
    assert not (world.clone / f"{LOCKS}/{wide}.yaml").exists()


def test_a_removed_run_is_a_warning_and_stops_nothing(world: World) -> None:
    before = lock(world, "1")
    run = remove_run(world, "1")
    code, said = world.lockstep("lock", FAMILY, "--check")
    assert code == 0, said
    assert f"warning lock.removed: the registry has removed the run {run}; the version" in said
    assert "lock.identity" not in said and "lock.stale" not in said
    world.must("lock", FAMILY, "1")
    after = lock(world, "1")
    assert after["identity"] == before["identity"]
    for fact in ("datasets", "metrics", "signature", "tags"):
        assert after["facts"][fact] == before["facts"][fact]
    assert after["facts"]["lineage"] == {"copiedFrom": None, "removed": ["run"]}
    publish(world)
    world.must("check")
    # A rollback to it asks the registry whether it is still the version that was locked.
    roll(world, "08")
    said = roll_back(world, "09")
    assert "unchecked" not in said, said
    assert [each["version"] for each in world.variants("eu-west-1")] == ["1"]


def test_a_version_whose_run_was_removed_before_it_was_locked_is_refused(world: World) -> None:
    world.must("lock", FAMILY, "3")
    run = remove_run(world, "3")
    (world.clone / f"{LOCKS}/3.yaml").unlink()
    code, said = world.lockstep("propose", FAMILY, "3")
    assert code == 10, said
    assert f"the registry does not have the run {run} that it came from" in said

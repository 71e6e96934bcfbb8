"""Signatures and removed runs, from a real MLflow through every verb that reads them."""

import json
import subprocess
import sys
from pathlib import Path

import yaml

from lockstep.edges.resources import shipped_root
from lockstep.model.document import Json
from tests.acceptance.rollouts import publish, roll, roll_back
from tests.acceptance.world import FAMILY, MODEL, REGIONS, World
from tests.unit.mlflow_store import Store
from tests.unit.opa.parts import opa_program

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


def test_a_version_that_outgrew_its_bounds_is_an_error_of_its_own(world: World) -> None:
    import mlflow

    world.must("lock", FAMILY, "3")
    client = mlflow.MlflowClient(world.registry, world.registry)
    for i in range(201):
        client.set_model_version_tag(MODEL, "3", f"tag-{i}", "x")
    client.set_model_version_tag(MODEL, "1", "team", "risk")
    code, said = world.lockstep("lock", FAMILY, "--check")
    assert code == 13, said
    assert "error lock.refused: the version has 201 tags; at most 200 are allowed" in said
    assert "the registry has changed since the lock was written: tag team" in said


CONVERT = """
import datetime, json
import numpy, pandas
from mlflow.models import utils
from mlflow.types import DataType, schema as m

columns = {
    "boolean": pandas.Series([True, False]),
    "integer": pandas.Series([5, 7], dtype="int32"),
    "long": pandas.Series([5, 7], dtype="int64"),
    "float": pandas.Series([1.5], dtype="float32"),
    "double": pandas.Series([1.5], dtype="float64"),
    "string": pandas.Series(["a"]),
    "datetime": pandas.Series([datetime.datetime(2026, 1, 1)]),
}
params = {
    "boolean": True, "integer": numpy.int32(5), "long": numpy.int64(5), "string": "a",
    "float": numpy.float32(1.5), "double": numpy.float64(1.5),
}
# Pairs of an object that callers send, and one that is needed: properties with whether required.
objects = [{}, {"a": True}, {"a": False}, {"a": True, "b": False}, {"a": True, "b": True}]

def accepts(convert, *arguments):
    try:
        convert(*arguments)
        return True
    except Exception:
        return False

def declare(properties):
    return m.Object([m.Property(name, "string", needed) for name, needed in properties.items()])

def all_sent(given):
    yield {name: "x" for name in given}
    yield {name: "x" for name, needed in given.items() if needed}

print(json.dumps({
    "columns": [[given, needed.name, accepts(utils._enforce_mlflow_datatype, "x", value, needed)]
                for given, value in columns.items() for needed in DataType
                if needed.name != "binary"],  # to which text is converted, which reads it otherwise
    "params": [[given, needed.name, accepts(utils._enforce_param_datatype, value, needed)]
               for given, value in params.items() for needed in DataType
               if needed.name not in ("binary", "datetime")],
    "objects": [[json.dumps(declare(given).to_dict()), json.dumps(declare(needed).to_dict()),
                 all(accepts(utils._enforce_object, sent, declare(needed))
                     for sent in all_sent(given))]
                for given in objects[1:] for needed in objects[1:]],
}))
"""


def test_types_fit_exactly_where_mlflow_converts_them() -> None:
    """Read from MLflow's own enforcement, in a process that has pandas."""
    run = [sys.executable, "-c", CONVERT]
    found = json.loads(subprocess.run(run, check=True, capture_output=True).stdout)
    lib = shipped_root() / "policies" / "lib" / "signature.rego"
    query = (
        "[fits | some [given, needed, _] in input.columns; fits := {true | "
        "data.lockstep.lib.signature.fits(given, needed)} == {true}]"
    )
    for kind in ("columns", "objects"):
        asked = query.replace("input.columns", f"input.{kind}")
        assert evaluate(lib, asked, found) == [fits for _, _, fits in found[kind]], kind
    asked = (
        "[fits | some [given, needed, _] in input.params; fits := {true | "
        "data.lockstep.lib.signature.fits_param("
        '{"type": given, "shape": null}, {"type": needed, "shape": null})} == {true}]'
    )
    assert evaluate(lib, asked, found) == [fits for _, _, fits in found["params"]]
    assert sum(fits for _, _, fits in found["columns"]) == 10


def evaluate(lib: Path, query: str, given: Json) -> Json:
    command = [str(opa_program()), "eval", "--format", "raw", "--stdin-input", "--data", str(lib)]
    done = subprocess.run(
        [*command, query], input=json.dumps(given), check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)

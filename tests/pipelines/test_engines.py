"""Training on two workers of Ray and of Dask, each for real, up to the proposal and its rules."""

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep.registry.mlflow.client import load_mlflow
from tests.pipelines.fleet import (
    ENVIRONMENT,
    FAMILY,
    MODEL,
    REGIONS,
    ROOT,
    ROWS,
    PipelineFleet,
    copy_fleet,
)

PYTHON = ROOT / ".venvs" / "engines" / "bin" / "python"
SEED, WORKERS = "7", "2"
AGAIN = """\
import json, sys
import mlflow, train
rows, seed = int(sys.argv[2]), int(sys.argv[3])
data, model, used = train.trained(rows, seed, 2)
_, other, of_one = train.trained(rows, seed, 1)
logged = mlflow.sklearn.load_model("models:/" + sys.argv[1])
said = [each.predict_proba(data[train.FEATURES]).tolist() for each in (logged, model, other)]
print(json.dumps([used, of_one, *said]))
"""
"""Trains again, on as many workers as the logged model and on one; the file is its module."""

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="no Ray and Dask: make test brings them"
)


@dataclass(frozen=True)
class Trained:
    """A fleet with a version that was trained on two workers."""

    fleet: PipelineFleet
    engine: str
    scratch: Path
    model: str
    version: str
    regions: Any

    def python(self, *arguments: str | Path) -> Any:
        """The last line that a Python with the engine prints."""
        more = {
            "RAY_TMPDIR": str(self.scratch), "DASK_TEMPORARY_DIRECTORY": str(self.scratch),
            "PYTHONPATH": str(self.fleet.pipelines / self.engine), "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_raylet_start_wait_time_s": "300",  # for a busy machine
        }  # fmt: skip
        return json.loads(self.fleet.must(PYTHON, *arguments, more=more).splitlines()[-1])


@pytest.fixture(scope="module", params=["ray", "dask"])
def trained(
    request: pytest.FixtureRequest,
    pipeline_template: PipelineFleet,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Trained]:
    fleet = copy_fleet(pipeline_template, tmp_path_factory.mktemp(request.param) / "pipelines")
    # Ray's sockets are in it, and the path of a socket is short.
    with tempfile.TemporaryDirectory(prefix="engine-") as scratch:
        made = Trained(fleet, request.param, Path(scratch), "", "", None)
        file = fleet.pipelines / made.engine / "train.py"
        logged = made.python(file, "--rows", str(ROWS), "--seed", SEED, "--workers", WORKERS)
        assert set(logged) == {"run", "model_id"}
        model = logged["model_id"]
        measured = fleet.train("evaluate", "--model-id", model, "--rows", str(ROWS))
        registered = fleet.train("register", "--model", MODEL, "--model-id", model)
        yield replace(made, model=model, version=registered["version"], regions=measured["regions"])


def propose(fleet: PipelineFleet, version: str) -> tuple[int, str]:
    done = fleet.run(
        "lockstep", "propose", "--environment", ENVIRONMENT, FAMILY, version,
        "--reason", "trained on two workers",
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_same_seed_on_as_many_workers_gives_the_same_predictions(trained: Trained) -> None:
    used, others, logged, again, of_one = trained.python(
        "-c", AGAIN, trained.model, str(ROWS), SEED
    )
    assert used == 2 and again == logged
    # Which is why the number of workers has to be known, too.
    assert others == 1 and of_one != logged


def test_what_several_workers_found_tells_fraud_apart(trained: Trained) -> None:
    assert set(trained.regions) == set(REGIONS)
    assert all(0.9 < each["auc"] <= 1 for each in trained.regions.values()), trained.regions


def test_without_a_seed_production_refuses_the_version(trained: Trained) -> None:
    registry = trained.fleet.registry
    client = load_mlflow().MlflowClient(tracking_uri=registry, registry_uri=registry)
    client.delete_model_version_tag(MODEL, trained.version, "train.seed")
    code, said = propose(trained.fleet, trained.version)
    client.set_model_version_tag(MODEL, trained.version, "train.seed", SEED)
    assert code == 11, said
    assert "reproducible-training" in said and "train.seed" in said
    assert trained.fleet.proposals() == {}


def test_what_ran_is_in_the_lock_and_production_takes_it(trained: Trained) -> None:
    version = trained.version
    code, said = propose(trained.fleet, version)
    assert code == 0, said
    (branch,) = trained.fleet.proposals()
    trained.fleet.git("fetch", "--quiet", "origin", branch)
    file = f"clusters/{ENVIRONMENT}/{FAMILY}/locks/{version}.yaml"
    lock: Any = yaml.safe_load(trained.fleet.git("show", f"FETCH_HEAD:{file}"))
    tags = {k: v for k, v in lock["spec"]["facts"]["tags"].items() if k.startswith("train.")}
    assert tags == {
        "train.engine": trained.engine, "train.version": installed(trained.engine),
        "train.workers": WORKERS, "train.seed": SEED,
    }  # fmt: skip


def test_the_workers_have_ended(trained: Trained) -> None:
    for _ in range(600):  # they may take a moment to go
        left = processes_with(str(trained.scratch))
        if not left:
            return
        time.sleep(0.1)
    raise AssertionError(left)


def installed(engine: str) -> str:
    """The version of a library, as the files say that are installed."""
    (folder,) = (PYTHON.parent.parent / "lib").glob(f"python*/site-packages/{engine}-*.dist-info")
    return folder.name.removeprefix(f"{engine}-").removesuffix(".dist-info")


def processes_with(word: str) -> list[str]:
    """The command lines of the processes that have a word in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found

"""A real MLflow registry in a folder, and the fraud model's versions in it."""

import hashlib
import importlib
import json
import warnings
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from lockstep.edges import scratch
from lockstep.registry.mlflow.client import load_mlflow
from lockstep.registry.mlflow.metrics import SAMPLES_SUFFIX
from lockstep_demo.payments import REGIONS, STAGING_REGIONS
from lockstep_demo.training import Quality, Recipe, holdout, quality, train

MODEL, STAGING_MODEL = "fraud", "fraud-staging"
_EXPERIMENT = "fraud-detection"


@dataclass(frozen=True, slots=True)
class Store:
    """An MLflow client on a SQLite file, with the experiment that the demo logs to."""

    client: Any
    uri: str
    experiment: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A dataset (its data frame) and the quality of a logged model on it."""

    model_id: str
    name: str
    rows: Any
    quality: Quality


def create_store(folder: Path) -> Store:
    """Make ``folder`` with a SQLite registry and a folder for artifacts, and open it.

    It becomes this process's default (MLFLOW_TRACKING_URI too): that is where MLflow looks for
    the logged model when a version is registered in a database.
    """
    mlflow = load_mlflow()
    folder.mkdir(parents=True)
    uri = f"sqlite:///{folder.resolve() / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    location = (folder.resolve() / "artifacts").as_uri()
    experiment = client.create_experiment(_EXPERIMENT, artifact_location=location)
    client.create_registered_model(MODEL, description="Is this card payment a fraud?")
    return Store(client, uri, experiment)


def register(
    store: Store, recipe: Recipe, seed: int, moment: datetime, registered: str = MODEL
) -> dict[str, Quality]:
    """Train one version, log all that a lock needs, and register it as one of ``registered``.

    Gives its quality by region on the holdout data, that of staging only for its own model.
    ``moment`` is the time of all this on the demo's clock. Raises RuntimeError if the registry
    numbers the versions differently.
    """
    client, milliseconds = store.client, _milliseconds(moment)
    model, training = train(recipe, seed)
    run = client.create_run(
        store.experiment, start_time=milliseconds, run_name=f"train-{recipe.version}"
    )
    run_id = run.info.run_id
    tags = {"algorithm": recipe.algorithm, "train.engine": "scikit-learn", "train.seed": str(seed)}
    logged = client.create_logged_model(
        store.experiment, name=MODEL, source_run_id=run_id, tags=tags, model_type="classifier"
    )
    _log_files(client, logged.model_id, model, training[list(recipe.features)])
    measured = {}
    for region in (*REGIONS, *(STAGING_REGIONS if registered == STAGING_MODEL else ())):
        rows, labels = holdout(region, seed)
        found = quality(model, recipe.features, rows, labels)
        measured[region] = Measured(
            logged.model_id, f"holdout-{region}", rows.assign(fraud=labels), found
        )
    client.log_inputs(run_id, datasets=[_dataset("training", training, "training")])
    log_measurements(client, run_id, measured.values(), milliseconds)
    client.set_terminated(run_id, end_time=milliseconds)
    version = client.create_model_version(
        registered,
        source=f"models:/{logged.model_id}",
        run_id=run_id,
        tags=tags,
        model_id=logged.model_id,
    )
    if str(version.version) != recipe.version:
        # The demo's text names versions by number.
        raise RuntimeError(f"expected version {recipe.version}, got {version.version}")
    return {region: item.quality for region, item in measured.items()}


def log_measurements(
    client: Any, run_id: str, measured: Iterable[Measured], milliseconds: int
) -> None:
    """Log datasets as inputs of a run, and each model's metrics on them with their counts.

    MLflow keeps one value per model, metric, time and step, so each dataset has its own step.
    """
    metric = importlib.import_module("mlflow.entities").Metric
    datasets, metrics = {}, []
    for step, item in enumerate(measured):
        if item.name not in datasets:
            datasets[item.name] = _dataset(item.name, item.rows, "evaluation")
        digest = datasets[item.name].dataset.digest
        metrics += [
            metric(
                key, value, milliseconds, step, model_id=item.model_id, run_id=run_id,
                dataset_name=item.name, dataset_digest=digest,
            )
            for key, value in _numbers(item.quality).items()
        ]  # fmt: skip
    client.log_inputs(run_id, datasets=list(datasets.values()))
    client.log_batch(run_id, metrics=metrics)


def copy_version(store: Store, version: str, source: str, target: str) -> str:
    """Copy a version of one registered model to another, as MLflow does; its number there."""
    # It writes progress to standard error, in the middle of the story.
    with redirect_stderr(StringIO()):
        made = store.client.copy_model_version(f"models:/{source}/{version}", target)
    return str(made.version)


def load(store: Store, version: str, registered: str = MODEL) -> tuple[str, Any]:
    """The logged model's id and the fitted classifier of a registered version."""
    location = store.client.get_model_version_download_uri(registered, version)
    flavour = importlib.import_module("mlflow.sklearn")
    return _logged_model(store, version, registered), flavour.load_model(location)


def _logged_model(store: Store, version: str, registered: str) -> str:
    source = str(store.client.get_model_version(registered, version).source)
    origin, _, copied = source.removeprefix("models:/").partition("/")
    # The source of a copy is the version that was copied: models:/fraud/3.
    return _logged_model(store, copied, origin) if copied else origin


def _numbers(found: Quality) -> Mapping[str, float]:
    return {
        "auc": found.auc,
        "auc" + SAMPLES_SUFFIX: float(found.rows),
        "fpr": found.false_positive_rate,
        # The rate is a share of honest payments: only those are its samples.
        "fpr" + SAMPLES_SUFFIX: float(found.honest),
    }


def _dataset(name: str, rows: Any, context: str) -> Any:
    entities = importlib.import_module("mlflow.entities")
    dataset = entities.Dataset(
        name=name,
        digest=hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()[:16],
        source_type="code",
        source=json.dumps({"tags": {"made by": "lockstep demo"}}),
        profile=json.dumps({"num_rows": len(rows)}),
    )
    return entities.DatasetInput(dataset, [entities.InputTag("mlflow.data.context", context)])


def _log_files(client: Any, model_id: str, model: Any, features: Any) -> None:
    flavour = importlib.import_module("mlflow.sklearn")
    models = importlib.import_module("mlflow.models")
    with scratch.folder() as folder, warnings.catch_warnings():
        # MLflow warns of pickles, because loading one runs its code; this one is the demo's own.
        warnings.simplefilter("ignore")
        signature = models.infer_signature(features, model.predict(features.head(100)))
        flavour.save_model(
            # Requirements are given: to find them, MLflow would load the model in a new process.
            model, f"{folder}/model", signature=signature, pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
        )  # fmt: skip
        client.log_model_artifacts(model_id, f"{folder}/model")
    client.finalize_logged_model(model_id, "READY")


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000

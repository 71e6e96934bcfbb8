"""Train, measure and register a version of a model: what a pipeline runs before it proposes.

Needs mlflow, pandas and scikit-learn, and MLFLOW_TRACKING_URI. Each command prints one JSON object
as its last line. Replace what is an example: `payments` draws synthetic data, and `fit` is a small
model. What is logged, and how, is what the rules and gates of the fleet read.

    python train.py train --model fraud --rows 2000 --seed 7
    python train.py evaluate --model-id m-...
    python train.py register --model fraud --model-id m-...
"""

import argparse
import hashlib
import json
import zlib
from collections.abc import Callable
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL = "fraud"
OWNER = "risk-ml@example.com"
REGIONS = ["ap-south-1", "eu-west-1", "us-east-1"]
DATASET = "holdout-{region}"  # what a version is measured on

FEATURES = ["amount", "hour", "merchant_risk", "distance_km", "card_age_days"]
LABEL = "fraud"
FRAUD = 0.1  # the share of fraud in the synthetic payments


def payments(region: str, rows: int, seed: int) -> pd.DataFrame:
    """Synthetic card payments of a region: the features, and whether each was a fraud."""
    # By the region's name, so that regions differ, and the same seed gives the same payments.
    generator = np.random.default_rng([seed, zlib.crc32(region.encode())])
    fraud = generator.random(rows) < FRAUD
    columns = {
        "amount": np.exp(generator.normal(np.where(fraud, 4.6, 3.0), 0.8)),
        "hour": generator.normal(np.where(fraud, 21.0, 14.0), 4.0) % 24,
        "merchant_risk": generator.beta(np.where(fraud, 4.0, 2.0), 4.0),
        "distance_km": generator.exponential(np.where(fraud, 60.0, 12.0)),
        "card_age_days": generator.exponential(np.where(fraud, 180.0, 700.0)),
    }
    return pd.DataFrame({**columns, LABEL: fraud.astype(int)})


def fit(rows: pd.DataFrame) -> Any:
    """The model that is trained on these payments."""
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[FEATURES], rows[LABEL])


def train(model: str, rows: int, seed: int) -> dict[str, str]:
    """Train on payments of all regions, and log the model with all that a lock says of it."""
    data = pd.concat([payments(region, rows, seed) for region in REGIONS], ignore_index=True)
    fitted = fit(data)
    with mlflow.start_run(run_name=f"train-{model}") as run:
        mlflow.log_params({"rows": len(data), "seed": seed})
        # Name and digest of the training data: `lockstep policy explain lineage-known`.
        mlflow.log_input(
            mlflow.data.from_pandas(data, name="payments", targets=LABEL), context="training"
        )
        inputs = data[FEATURES]
        logged = mlflow.sklearn.log_model(
            fitted,
            name="model",
            # Callers are held to it: `lockstep policy explain signature-known`.
            signature=mlflow.models.infer_signature(inputs, fitted.predict(inputs)),
            input_example=inputs.head(),
            pip_requirements=[f"scikit-learn=={sklearn.__version__}"],
        )
        # How to train it again: `lockstep policy explain reproducible-training`.
        mlflow.set_logged_model_tags(
            logged.model_id,
            {
                "train.engine": "scikit-learn",
                "train.version": sklearn.__version__,
                "train.workers": "1",
                "train.seed": str(seed),
            },
        )
    return {"run": run.info.run_id, "model_id": logged.model_id}


def evaluate(model_id: str, rows: int, seed: int) -> dict[str, Any]:
    """Measure a logged model on payments of each region that it was not trained on.

    Each metric is logged for the dataset of the region, with the number of samples behind it in
    the same call: a gate counts no value without it.
    """
    model = mlflow.sklearn.load_model(f"models:/{model_id}")
    found = {}
    with mlflow.start_run(run_id=mlflow.get_logged_model(model_id).source_run_id):
        for step, region in enumerate(REGIONS):
            data = payments(region, rows, seed)
            measured = measure(model, data)
            mlflow.log_metrics(
                {
                    "auc": measured["auc"],
                    "auc_samples": len(data),
                    "fpr": measured["fpr"],
                    "fpr_samples": measured["samples"],
                },
                step=step,  # MLflow keeps one value of a metric for each moment and step
                model_id=model_id,
                dataset=mlflow.data.from_pandas(data, name=DATASET.format(region=region)),
            )
            found[region] = measured
    return {"regions": found}


def measure(model: Any, data: pd.DataFrame) -> dict[str, float]:
    """How well a model tells fraud apart, and how often it stops an honest customer."""
    honest = data[LABEL] == 0
    flagged = model.predict(data[FEATURES]) == 1
    return {
        "auc": float(roc_auc_score(data[LABEL], model.predict_proba(data[FEATURES])[:, 1])),
        "fpr": float((flagged & honest).sum() / honest.sum()),
        "samples": int(honest.sum()),  # a share of honest payments: only these are its samples
    }


def register(model: str, model_id: str) -> dict[str, str]:
    """Register a logged model with its tags; the version that it has already, where it has one.

    A task that is tried again must not register a second version of the same content.
    """
    client = mlflow.MlflowClient()
    logged = client.get_logged_model(model_id)
    tags = {name: value for name, value in logged.tags.items() if name.startswith("train.")}
    tags["model_card.digest"] = write_card(client, model, logged)
    source = f"models:/{model_id}"
    known = client.search_model_versions(f"name='{model}' AND run_id='{logged.source_run_id}'")
    version = next((each for each in known if each.source == source), None)
    if version is None:
        version = mlflow.register_model(source, model, tags=tags)
    for name, value in tags.items():
        client.set_model_version_tag(model, version.version, name, value)
    return {"version": str(version.version)}


def write_card(client: Any, model: str, logged: Any) -> str:
    """Keep the model card with the run; its digest: `lockstep policy explain model-card`."""
    measured = [
        f"- {each.key} on {each.dataset_name}: {each.value:.4f}"
        for each in sorted(logged.metrics or [], key=lambda each: (each.dataset_name, each.key))
    ]
    lines = [f"# {model}", "", f"Logged model {logged.model_id}, owned by {OWNER}.", "", *measured]
    card = "\n".join(lines) + "\n"
    client.log_text(logged.source_run_id, card, f"model-card-{logged.model_id}.md")
    return f"sha256:{hashlib.sha256(card.encode()).hexdigest()}"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("train", "evaluate", "register"):
        command = commands.add_parser(name)
        if name != "evaluate":
            command.add_argument("--model", default=MODEL)
        if name != "train":
            command.add_argument("--model-id", required=True)
        if name != "register":
            command.add_argument("--rows", type=int, default=4000, help="payments of each region")
            # Other payments than those that it was trained on.
            command.add_argument("--seed", type=int, default=1 if name == "train" else 1_000_001)
    return parser.parse_args()


def main() -> None:
    """Run one command, and print what it gives."""
    given = vars(arguments())
    commands: dict[str, Callable[..., Any]] = {
        "train": train,
        "evaluate": evaluate,
        "register": register,
    }
    print(json.dumps(commands[given.pop("command")](**given)))


if __name__ == "__main__":
    main()

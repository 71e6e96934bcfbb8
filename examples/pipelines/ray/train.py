"""Train on several workers of Ray, and log the model for `lockstep propose`.

    python train.py --model fraud --rows 2000 --seed 7 --workers 2

Each worker is an actor: a process that keeps its part of the payments. In each round all of them
fit the same model further, each on its part, and the mean of what they found is where the next
round begins. So the model depends on the seed and on the number of workers, and not on which of
them is faster: that is why both are tags of the version, with the engine and its version.

Needs ray, mlflow, pandas and scikit-learn, and MLFLOW_TRACKING_URI. Where RAY_ADDRESS is set, the
workers are those of that cluster; else they are started here and ended. The last line of the output
is {"run": ..., "model_id": ...}, as of `train` of pipelines/train.py, whose `evaluate` and
`register` come next.
"""

import argparse
import json
import os
import zlib
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import ray
import sklearn
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL = "fraud"
REGIONS = ["ap-south-1", "eu-west-1", "us-east-1"]

FEATURES = ["amount", "hour", "merchant_risk", "distance_km", "card_age_days"]
LABEL = "fraud"
FRAUD = 0.1  # the share of fraud in the made-up payments
ROUNDS = 5
SECONDS = 900  # for the workers to start, and for each round


def payments(region: str, rows: int, seed: int) -> pd.DataFrame:
    """Made-up card payments of a region, as those of pipelines/train.py."""
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


class Part(NamedTuple):
    """What a worker found in a round: the model, on how many rows, and which worker it was."""

    model: SGDClassifier
    rows: int
    worker: str


def go_through(features: Any, labels: Any, seed: list[int], start: SGDClassifier | None) -> Any:
    """Fit once on each row, in an order by the seed, from where the last round ended."""
    (order,) = np.random.SeedSequence(seed).generate_state(1)
    model = SGDClassifier(
        loss="log_loss",
        learning_rate="constant",
        eta0=0.01,
        max_iter=1,
        tol=None,
        random_state=int(order),
    )
    begin = (start.coef_, start.intercept_) if start is not None else ()
    return model.fit(features, labels, *begin)


def mean(parts: list[Part]) -> SGDClassifier:
    """The mean of the models in the order of the parts, because sums of floats depend on it."""
    model, rows = parts[0].model, [part.rows for part in parts]
    model.coef_ = np.average([part.model.coef_ for part in parts], axis=0, weights=rows)
    model.intercept_ = np.average([part.model.intercept_ for part in parts], axis=0, weights=rows)
    return model


class Worker:
    """Keeps a part of the payments, and fits on it: an actor of Ray."""

    def __init__(self, part: int, features: Any, labels: Any) -> None:
        self.part = part
        # Copies: what Ray shares between processes is read-only.
        self.features, self.labels = np.array(features), np.array(labels)

    def fit(self, seed: int, turn: int, start: SGDClassifier | None) -> Part:
        """Go through the part once, from where the last round ended."""
        model = go_through(self.features, self.labels, [seed, self.part, turn], start)
        return Part(model, len(self.labels), ray.get_runtime_context().get_worker_id())


def fit(features: Any, labels: Any, seed: int, workers: int) -> tuple[Any, int]:
    """The model that workers of the cluster find together, and how many they really were."""
    actor: Any = ray.remote(num_cpus=1)(Worker)
    actors = [actor.remote(i, features[i::workers], labels[i::workers]) for i in range(workers)]
    model, used = None, set()
    for turn in range(ROUNDS):
        asked = [each.fit.remote(seed, turn, model) for each in actors]
        parts: list[Part] = ray.get(asked, timeout=SECONDS)  # in the order of the parts
        model = mean(parts)
        used |= {part.worker for part in parts}
    return model, len(used)


def fit_on_cluster(features: Any, labels: Any, seed: int, workers: int) -> tuple[Any, int]:
    """``fit`` on the cluster of RAY_ADDRESS, or on one that is started and ended."""
    if os.environ.get("RAY_ADDRESS"):
        ray.init()
    else:
        ray.init(num_cpus=workers, include_dashboard=False)
    try:
        return fit(features, labels, seed, workers)
    finally:
        ray.shutdown()


def trained(rows: int, seed: int, workers: int) -> tuple[pd.DataFrame, Any, int]:
    """Payments of all regions, the model that was trained on them, and on how many workers."""
    data = pd.concat([payments(region, rows, seed) for region in REGIONS], ignore_index=True)
    scaler = StandardScaler().fit(data[FEATURES])
    features, labels = scaler.transform(data[FEATURES]), data[LABEL].to_numpy()
    model, used = fit_on_cluster(features, labels, seed, workers)
    return data, make_pipeline(scaler, model), used


def train(model: str, rows: int, seed: int, workers: int) -> dict[str, str]:
    """Train, and log the model with all that a lock says of it."""
    import mlflow  # here, because workers have no need of it

    data, fitted, used = trained(rows, seed, workers)
    with mlflow.start_run(run_name=f"train-{model}") as run:
        mlflow.log_params({"rows": len(data), "seed": seed, "workers": used})
        mlflow.log_input(
            mlflow.data.from_pandas(data, name="payments", targets=LABEL), context="training"
        )
        inputs = data[FEATURES]
        logged = mlflow.sklearn.log_model(
            fitted,
            name="model",
            signature=mlflow.models.infer_signature(inputs, fitted.predict(inputs)),
            input_example=inputs.head(),
            pip_requirements=[f"scikit-learn=={sklearn.__version__}"],
        )
        # How to train it again, as it was: `lockstep policy explain reproducible-training`.
        mlflow.set_logged_model_tags(
            logged.model_id,
            {
                "train.engine": "ray",
                "train.version": ray.__version__,
                "train.workers": str(used),
                "train.seed": str(seed),
            },
        )
    return {"run": run.info.run_id, "model_id": logged.model_id}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--rows", type=int, default=4000, help="payments of each region")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    print(json.dumps(train(**vars(arguments()))))

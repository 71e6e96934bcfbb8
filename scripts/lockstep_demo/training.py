"""The versions of the fraud model, trained on payments of all regions of production."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from lockstep_demo.payments import BASE_FEATURES, DEVICE_FEATURE, REGIONS, collected

_TRAINING_ROWS = 12_000
_HOLDOUT_ROWS = 20_000
_FALSE_POSITIVE_RATE = 0.013  # what the threshold is set for on the training data


@dataclass(frozen=True, slots=True)
class Recipe:
    """What makes one version: its algorithm, and the features that it uses.

    ``hidden`` is the share of its training data in which the device is hidden, and ``month`` says
    how many months after the others its training data was collected.
    """

    version: str
    algorithm: str
    features: tuple[str, ...]
    hidden: float = 0.0
    month: int = 0


RECIPES = (
    Recipe("1", "logistic-regression", BASE_FEATURES),
    Recipe("2", "gradient-boosting", BASE_FEATURES),
    Recipe("3", "gradient-boosting", (*BASE_FEATURES, DEVICE_FEATURE)),
)
ALMOST_CURED = Recipe("4", "gradient-boosting", (*BASE_FEATURES, DEVICE_FEATURE), hidden=0.02)
"""Version 3, trained with a few payments of hidden devices: no limit is exceeded, and yet it stops
far more honest customers in eu-west-1 than version 2."""
FEBRUARY = Recipe("2", "gradient-boosting", BASE_FEATURES, month=1)
"""The algorithm of version 2 on newer payments; the second version of the model in staging."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How decisions compare with the labels: of ``honest`` payments, ``flagged`` were stopped."""

    auc: float
    honest: int
    flagged: int
    rows: int

    @property
    def false_positive_rate(self) -> float:
        """Flagged honest payments as a share of the honest ones; NaN where there are none."""
        return self.flagged / self.honest if self.honest else float("nan")


def train(recipe: Recipe, seed: int) -> tuple[Any, Any]:
    """A fitted classifier with a decision threshold, and the data frame that it was trained on.

    The data frame has the recipe's features and the label in the column ``fraud``.
    """
    # Far from the seeds of other months and of the holdout data.
    month = seed + 1000 * recipe.month
    parts = [collected(region, _TRAINING_ROWS, month, recipe.hidden) for region in REGIONS]
    rows = pd.concat([rows for rows, _ in parts])[list(recipe.features)]
    labels = np.concatenate([labels for _, labels in parts])
    with _one_thread():
        estimator = _algorithm(recipe.algorithm).fit(rows, labels)
        honest = estimator.predict_proba(rows[labels == 0])[:, 1]
    # The false positive rate is a share of honest payments, so this is a quantile of theirs.
    threshold = float(np.quantile(honest, 1 - _FALSE_POSITIVE_RATE))
    # Frozen, because fit would otherwise train the model a second time.
    model = FixedThresholdClassifier(
        FrozenEstimator(estimator), threshold=threshold, response_method="predict_proba"
    )
    return model.fit(rows, labels), rows.assign(fraud=labels)


def holdout(region: str, seed: int) -> tuple[Any, Any]:
    """Payments of a region from the time of the training data, which no version was trained on."""
    return collected(region, _HOLDOUT_ROWS, seed + 1)


def quality(model: Any, features: tuple[str, ...], rows: Any, labels: Any) -> Quality:
    """Score ``rows`` with a model and compare with the labels."""
    scores = _scores(model, features, rows)
    # What model.predict would decide, without scoring the rows a second time.
    flagged = scores >= model.threshold
    honest = labels == 0
    # The AUC needs labels of both kinds; NaN, in its place, never passes a gate.
    one_kind = honest.all() or not honest.any()
    return Quality(
        auc=float("nan") if one_kind else float(roc_auc_score(labels, scores)),
        honest=int(honest.sum()),
        flagged=int((flagged & honest).sum()),
        rows=len(labels),
    )


def stops(model: Any, features: tuple[str, ...], rows: Any) -> Any:
    """Which of ``rows`` a model takes for fraud: an array of booleans."""
    return _scores(model, features, rows) >= model.threshold


def _scores(model: Any, features: tuple[str, ...], rows: Any) -> Any:
    with _one_thread():
        return model.predict_proba(rows[list(features)])[:, 1]


def _algorithm(name: str) -> Any:
    if name == "logistic-regression":
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    # A fixed state, because the demo's claims need the same model in each run.
    return HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, random_state=0)


def _one_thread() -> Any:
    """One thread: on a busy machine, threads that wait for each other cost ten times as much."""
    return threadpool_limits(limits=1)

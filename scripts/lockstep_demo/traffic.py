"""Live traffic: payments, split by the weights in git and scored by the real models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from lockstep_demo.payments import today
from lockstep_demo.registry import Measured, Store, load, log_measurements
from lockstep_demo.training import Quality, quality

PAYMENTS_AN_HOUR = 40_000


@dataclass
class Traffic:
    """Serves each region's payments and logs the results to MLflow.

    Whether a payment was a fraud is known at once here, because the payments are synthetic; in
    production such labels arrive days later.
    """

    store: Store
    seed: int
    _models: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def serve_window(
        self, region: str, weights: Mapping[str, int], start: datetime, end: datetime
    ) -> dict[str, Quality]:
        """Serve a region from ``start`` to ``end`` and log an evaluation, timed at its end.

        ``weights`` are the percentages by version as git has them. Gives what was counted, by
        version; a version without weight gets no payments. Raises ValueError if the weights do
        not sum to 100 or the window is empty.
        """
        hours = (end - start).total_seconds() / 3600
        if sum(weights.values()) != 100 or hours <= 0:
            raise ValueError(f"cannot serve {dict(weights)} for {hours:g} hours")
        moment = int(start.timestamp())
        rows, labels = today(region, int(PAYMENTS_AN_HOUR * hours), self.seed, moment)
        # In order, because the draw below depends on it, and each run of the demo must be alike.
        versions = sorted(version for version, weight in weights.items() if weight > 0)
        shares = [weights[version] / 100 for version in versions]
        # The time is part of the seed, so that each window has a draw of its own.
        served_by = np.random.default_rng([self.seed, moment]).choice(
            len(versions), size=len(labels), p=shares
        )
        measured = {}
        for index, version in enumerate(versions):
            model_id, model = self._model(version)
            ours = served_by == index
            found = quality(model, tuple(model.feature_names_in_), rows[ours], labels[ours])
            data = rows[ours].assign(fraud=labels[ours])
            measured[version] = Measured(model_id, f"live-{region}", data, found)
        self._log(region, measured, start, end)
        return {version: item.quality for version, item in measured.items()}

    def _model(self, version: str) -> tuple[str, Any]:
        if version not in self._models:
            self._models[version] = load(self.store, version)
        return self._models[version]

    def _log(
        self, region: str, measured: Mapping[str, Measured], start: datetime, end: datetime
    ) -> None:
        client = self.store.client
        run = client.create_run(
            self.store.experiment,
            start_time=int(start.timestamp()) * 1000,
            run_name=f"live-{region}",
        )
        milliseconds = int(end.timestamp()) * 1000
        log_measurements(client, run.info.run_id, measured.values(), milliseconds)
        client.set_terminated(run.info.run_id, end_time=milliseconds)

"""Live traffic: payments, split by the weights in git and scored by the real models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from lockstep_demo.payments import today
from lockstep_demo.registry import MODEL, Measured, Store, load, log_measurements
from lockstep_demo.training import Quality, quality, stops

PAYMENTS_AN_HOUR = 40_000


@dataclass(frozen=True, slots=True)
class Counted:
    """Honest payments of one version, in the order in which they came.

    ``seconds`` (since 1970) is when each of them came, ``stopped`` whether it was stopped.
    """

    seconds: Any
    stopped: Any


@dataclass(frozen=True, slots=True)
class _Payments:
    """Payments of one version: features, labels (1 is fraud), and when they came."""

    rows: Any
    labels: Any
    seconds: Any


@dataclass
class Traffic:
    """Serves each region's payments, and logs or counts the results.

    Whether a payment was a fraud is known at once here, because the payments are synthetic; in
    production such labels arrive days later. ``registered`` is the model whose versions score
    payments, and ``hourly`` how many come to a region.
    """

    store: Store
    seed: int
    registered: str = MODEL
    hourly: int = PAYMENTS_AN_HOUR
    _models: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def serve_window(
        self, region: str, weights: Mapping[str, int], start: datetime, end: datetime
    ) -> dict[str, Quality]:
        """Serve a region from ``start`` to ``end`` and log an evaluation, timed at its end.

        ``weights`` are the percentages by version as git has them. Gives what was counted, by
        version; a version without weight gets no payments. Raises ValueError if the weights do
        not sum to 100 or the window is empty.
        """
        measured = {}
        for version, ours in self._split(region, weights, start, end, self.hourly).items():
            model_id, model = self._model(version)
            found = quality(model, tuple(model.feature_names_in_), ours.rows, ours.labels)
            data = ours.rows.assign(fraud=ours.labels)
            measured[version] = Measured(model_id, f"live-{region}", data, found)
        self._log(region, measured, start, end)
        return {version: item.quality for version, item in measured.items()}

    def count_window(
        self, region: str, weights: Mapping[str, int], start: datetime, end: datetime, hourly: int
    ) -> dict[str, Counted]:
        """Serve a region as ``serve_window`` does, ``hourly`` payments an hour, and log nothing.

        Gives the honest payments of each version one by one, as counters need them.
        """
        counted = {}
        for version, ours in self._split(region, weights, start, end, hourly).items():
            _, model = self._model(version)
            stopped = stops(model, tuple(model.feature_names_in_), ours.rows)
            honest = ours.labels == 0
            counted[version] = Counted(ours.seconds[honest], stopped[honest])
        return counted

    def _split(
        self, region: str, weights: Mapping[str, int], start: datetime, end: datetime, hourly: int
    ) -> dict[str, _Payments]:
        """The payments of a window, by the version that the weights give each of them to."""
        hours = (end - start).total_seconds() / 3600
        if sum(weights.values()) != 100 or hours <= 0:
            raise ValueError(f"cannot serve {dict(weights)} for {hours:g} hours")
        moment = int(start.timestamp())
        rows, labels = today(region, int(hourly * hours), self.seed, moment)
        seconds = np.linspace(start.timestamp(), end.timestamp(), len(labels), endpoint=False)
        # In order, because the draw below depends on it, and each run of the demo must be alike.
        versions = sorted(version for version, weight in weights.items() if weight > 0)
        shares = [weights[version] / 100 for version in versions]
        # The time is part of the seed, so that each window has a draw of its own.
        served_by = np.random.default_rng([self.seed, moment]).choice(
            len(versions), size=len(labels), p=shares
        )
        return {
            version: _Payments(
                rows[served_by == index], labels[served_by == index], seconds[served_by == index]
            )
            for index, version in enumerate(versions)
        }

    def _model(self, version: str) -> tuple[str, Any]:
        if version not in self._models:
            self._models[version] = load(self.store, version, self.registered)
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

"""The facts of a lock that MLflow's database holds, exact and within their bounds."""

import functools
from datetime import datetime
from typing import Any

from lockstep.model.document import Json
from lockstep.model.evidence import Measurement
from lockstep.registry.limits import (
    LONGEST_DIGEST,
    LONGEST_NAME,
    LONGEST_STATUS,
    LONGEST_TAG,
    MOST_DATASETS,
    MOST_METRICS,
    MOST_TAGS,
    bounded,
    exact,
)
from lockstep.registry.mlflow.client import Connection
from lockstep.registry.mlflow.metrics import (
    Entry,
    LoggedMetrics,
    RunHistory,
    read_entries,
    series,
)
from lockstep.registry.mlflow.origin import LOGGED, RUN, FoundVersion
from lockstep.text.sanitise import plain_line

_LONGEST_PROBLEM = 1_000  # our own words, with names of the registry's in them


def read_facts(connection: Connection, origin: FoundVersion, read_at: datetime) -> dict[str, Json]:
    """All facts but the signature, as of ``read_at``.

    What came from a part that the registry no longer has is as the known lock has it. Raises
    Unlockable for what exceeds a bound.
    """
    server = connection.server
    metrics = origin.logged.metrics or [] if origin.logged else []
    logged = LoggedMetrics(read_entries(metrics, server), run_history(connection), read_at)
    lineage: dict[str, Json] = {"copiedFrom": origin.copied_from}
    if origin.removed:
        lineage["removed"] = sorted(origin.removed)
    return {
        "status": exact(origin.version.status, LONGEST_STATUS, "the status", server),
        "archived": is_archived(origin.version),
        "datasets": _datasets(origin, server),
        "metrics": _with_lost(origin, _metrics(logged, server)),
        "tags": _tags(origin.version, server),
        "lineage": lineage,
    }


def run_history(connection: Connection) -> RunHistory:
    """Reads what runs logged: one request for each metric of a run, whatever its datasets."""

    @functools.cache
    def history(run: str, name: str) -> list[Entry]:
        return read_entries(connection.client.get_metric_history(run, name), connection.server)

    return history


def is_archived(version: Any) -> bool:
    """By stage, which MLflow keeps for old servers, or by the tag ``archived: true``."""
    tag = str(dict(version.tags).get("archived", "")).strip().lower()
    return str(version.current_stage) == "Archived" or tag == "true"


def _metrics(logged: LoggedMetrics, server: str) -> list[Json]:
    pairs = series(logged.entries)
    fix = "log fewer metrics to the model, and others to its run only"
    bounded(pairs, MOST_METRICS, "metrics by dataset", server, fix)
    return [_metric(name, dataset, logged.newest(name, dataset), server) for name, dataset in pairs]


def _metric(name: str, dataset: str | None, measured: Measurement, server: str) -> Json:
    return {
        "name": exact(name, LONGEST_NAME, "the name of a metric", server),
        "value": measured.value,
        "dataset": None
        if dataset is None
        else exact(
            dataset, LONGEST_NAME, f"the dataset of the metric {plain_line(name, 60)}", server
        ),
        "datasetDigest": measured.dataset_digest,
        "samples": measured.samples,
        "measuredAt": measured.time,
        "problem": plain_line(measured.problem, _LONGEST_PROBLEM),
    }


def _with_lost(origin: FoundVersion, found: list[Json]) -> list[Json]:
    """The metrics, with those of the known lock that went with the run or the logged model.

    MLflow removes what a run has measured together with the run. Of a series that other runs go
    on with, the newer value counts.
    """
    if not origin.lost & {RUN, LOGGED}:
        return found
    by_series = {_key(metric): metric for metric in origin.kept("metrics")}
    for metric in found:
        before = by_series.get(_key(metric))
        # Times in UTC, all of one form, compare as text.
        if before is None or str(metric["measuredAt"]) >= str(before.get("measuredAt")):
            by_series[_key(metric)] = metric
    return [by_series[key] for key in sorted(by_series)]


def _key(metric: Json) -> tuple[str, bool, str]:
    dataset = metric.get("dataset")
    return str(metric.get("name")), dataset is not None, str(dataset or "")


def _datasets(origin: FoundVersion, server: str) -> list[Json]:
    if RUN in origin.lost or (origin.run is None and LOGGED in origin.lost):
        return origin.kept("datasets")
    run = origin.run
    inputs = list(run.inputs.dataset_inputs) if run is not None and run.inputs else []
    bounded(inputs, MOST_DATASETS, "datasets", server, "log fewer datasets in its run")
    found = []
    for item in inputs:
        contexts = [tag.value for tag in item.tags if tag.key == "mlflow.data.context"]
        name, digest = item.dataset.name, item.dataset.digest
        found.append(
            {
                "name": exact(name, LONGEST_NAME, "the name of a dataset", server),
                "digest": exact(digest, LONGEST_DIGEST, "the digest of a dataset", server),
                "context": exact(
                    contexts[0] if contexts else "",
                    LONGEST_DIGEST,
                    "the context of a dataset",
                    server,
                ),
            }
        )
    # The registry promises no order, and a lock must not change by it.
    return sorted(found, key=lambda entry: tuple(entry.values()))


def _tags(version: Any, server: str) -> Json:
    tags = dict(version.tags)
    bounded(tags, MOST_TAGS, "tags", server, "remove tags of the version that are not needed")
    return {
        exact(key, LONGEST_NAME, "the name of a tag", server): exact(
            tags[key], LONGEST_TAG, f"the tag {plain_line(key, 60)}", server
        )
        for key in sorted(tags)
    }

"""What MLflow says about one version, as the data of a lock.

Everything that comes from the registry is treated as hostile: counts and lengths are bounded,
control characters are removed, and what must have a form is checked for it.
"""

import functools
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lockstep.model.document import Json
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.evidence import Measurement
from lockstep.model.registry_variables import URI_VARIABLE
from lockstep.model.times import parse_time
from lockstep.registry.base import NotInRegistry
from lockstep.registry.mlflow.artifacts import Artifacts, list_artifacts, read_artifacts
from lockstep.registry.mlflow.client import BOUNDS, Bounds, Connection, connect
from lockstep.registry.mlflow.download import LOGGED_MODEL, VERSION, download_artifacts, locate
from lockstep.registry.mlflow.metrics import (
    LONGEST_NAME,
    Entry,
    LoggedMetrics,
    RunHistory,
    read_entries,
    series,
)
from lockstep.text.sanitise import plain_line

_VERSION = re.compile(r"[1-9][0-9]{0,9}")
_RUN = re.compile(r"[0-9A-Za-z_-]{1,80}")

# Bounds that no real version reaches. Beyond one, the version is refused: a lock that leaves out
# facts could hide the one that forbids it.
_MOST_COPIES = 10
_NEWEST = 200
"""Versions among which the highest is looked for, the newest first."""
_SERVING = ("champion", "production")
"""Aliases that name the version that serves."""
_MOST_SERIES = 500
_MOST_ITEMS = 200
_LONGEST_TEXT = 1_000


class MlflowRegistry:
    """MLflow as a Registry."""

    def __init__(self, tracking_uri: str | None = None, bounds: Bounds = BOUNDS) -> None:
        """Connect to ``tracking_uri`` or MLFLOW_TRACKING_URI; raises as ``connect`` does."""
        self._connection = connect(tracking_uri, bounds)

    @property
    def server(self) -> str:
        """See Registry."""
        return self._connection.server

    def serving(self, model: str) -> str:
        """See Registry. Of several aliases the first of ``champion`` and ``production`` counts."""
        return self._connection.ask(lambda: _serving(self._connection, model))

    def ping(self) -> None:
        """Ask for something small. Raises LockstepError where there is no usable answer."""
        client = self._connection.client
        self._connection.ask(lambda: client.search_registered_models(max_results=1))

    def facts(self, model: str, version: str, read_at: str) -> Json:
        """See Registry."""
        _refuse_alias(model, version)
        found, artifacts, facts = self._connection.ask(
            lambda: _describe(self._connection, model, version, parse_time(read_at))
        )
        digest, signature = self._connection.download(lambda: read_artifacts(artifacts))
        return {
            "identity": _identity(found, digest),
            "facts": {"readAt": read_at, "signature": signature} | facts,
        }

    def measure(
        self, lock: Json, metric: str, dataset: str | None, now: str, needed: float = 0
    ) -> Measurement:
        """See Registry.

        Metrics of a version that MLflow 2 made do not know their dataset, so they are a problem.
        """
        model_id = lock["identity"].get("modelId")
        if not model_id:
            return Measurement(problem="the version has no logged model, so no metrics by dataset")

        def measured() -> Measurement:
            logged = self._connection.client.get_logged_model(model_id)
            entries = read_entries(logged.metrics or [], self.server)
            metrics = LoggedMetrics(entries, _history(self._connection), parse_time(now))
            return metrics.newest(metric, dataset, needed)

        try:
            return self._connection.ask(measured)
        except NotInRegistry as error:
            return Measurement(problem=f"no longer in the registry: {error.message}")

    def download(self, source: str, into: Path, most: int) -> None:
        """See Registry."""
        connection = self._connection
        location = connection.ask(lambda: locate(connection, source))
        artifacts = connection.ask(lambda: list_artifacts(connection, location))
        connection.download(lambda: download_artifacts(artifacts, into, most))


def _serving(connection: Connection, model: str) -> str:
    aliases = dict(connection.client.get_registered_model(model).aliases)
    named = next((aliases[alias] for alias in _SERVING if alias in aliases), None)
    if named is None:
        found = connection.client.search_model_versions(
            f"name='{model}'", max_results=_NEWEST, order_by=["version_number DESC"]
        )
        usable = [
            int(each.version)
            for each in found
            if _VERSION.fullmatch(str(each.version))
            and str(each.status) == "READY"
            and not _archived(each)
        ]
        named = max(usable, default=None)
    if named is None or not _VERSION.fullmatch(str(named)):
        raise NotInRegistry(
            f"{plain_line(model, 60)} has no version that could serve",
            where=connection.server,
            fix="register a version, or check the model's name",
        )
    return str(named)


def _refuse_alias(model: str, version: str) -> None:
    if not _VERSION.fullmatch(version):
        raise Invalid(
            f"{plain_line(version, 60)!r} is not a version of {plain_line(model, 60)}: an alias "
            "or a stage can move to another version",
            fix="name the version by its number, such as 42",
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What MLflow has on one version: its own objects, and where it came from."""

    version: Any
    source: str
    copied_from: str | None
    logged: Any
    run: Any

    @property
    def run_id(self) -> str | None:
        return str(self.run.info.run_id) if self.run is not None else None


def _describe(
    connection: Connection, model: str, version: str, read_at: datetime
) -> tuple[_Found, Artifacts, dict[str, Json]]:
    """All that MLflow says of a version, apart from what is in its files."""
    found = _find(connection, model, version)
    location = connection.client.get_model_version_download_uri(model, version)
    return found, list_artifacts(connection, location), _facts(connection, found, read_at)


def _find(connection: Connection, model: str, version: str) -> _Found:
    found = connection.client.get_model_version(model, version)
    # A proxy that answers about another version would have its digest locked.
    if str(found.name) != model or str(found.version) != version:
        raise LockstepError(
            f"asked for version {version} of {model}, the registry answered about another",
            where=connection.server,
            fix=f"check that {URI_VARIABLE} is the address of MLflow itself",
        )
    source, copied_from = _source(connection, found)
    model_id = _model_id(source)
    logged = connection.client.get_logged_model(model_id) if model_id else None
    run_id = str(found.run_id or (logged.source_run_id if logged else "") or "")
    # The registry says the id, so its form is checked before it goes into a request.
    run = connection.client.get_run(run_id) if _RUN.fullmatch(run_id) else None
    return _Found(found, source, copied_from, logged, run)


def _identity(found: _Found, digest: str) -> Json:
    return {
        "registry": "mlflow",
        "model": str(found.version.name),
        "version": str(found.version.version),
        "digest": digest,
        "source": plain_line(found.source, _LONGEST_TEXT),
        "modelId": _model_id(found.source),
        "run": plain_line(found.run_id, 80) if found.run_id else None,
    }


def _facts(connection: Connection, found: _Found, read_at: datetime) -> dict[str, Json]:
    metrics = found.logged.metrics or [] if found.logged else []
    entries = read_entries(metrics, connection.server)
    logged = LoggedMetrics(entries, _history(connection), read_at)
    return {
        "status": plain_line(found.version.status, 50),
        "archived": _archived(found.version),
        "datasets": _datasets(found.run, connection.server),
        "metrics": _metrics(logged, connection.server),
        "tags": _tags(found.version, connection.server),
        "lineage": {"copiedFrom": found.copied_from},
    }


def _source(connection: Connection, found: Any) -> tuple[str, str | None]:
    """Where the version came from in the end, and the version that it is a copy of, if any."""
    copied_from: str | None = None
    seen = {(str(found.name), str(found.version))}
    source = str(found.source)
    # MLflow names the version that was copied as the source of the copy.
    while copy := VERSION.fullmatch(source):
        copied_from = copied_from or plain_line(source, _LONGEST_TEXT)
        if copy.groups() in seen or len(seen) > _MOST_COPIES:
            raise LockstepError(
                f"version {found.version} of {found.name} is a copy in an endless chain of copies",
                where=connection.server,
                fix="register the model again from its run",
            )
        seen.add((copy[1], copy[2]))
        source = str(connection.client.get_model_version(copy[1], copy[2]).source)
    return source, copied_from


def _model_id(source: str) -> str | None:
    match = LOGGED_MODEL.fullmatch(source)
    return match[1] if match else None


def _history(connection: Connection) -> RunHistory:
    # One request for each metric of a run, not one for each of its datasets.
    @functools.cache
    def history(run: str, name: str) -> list[Entry]:
        return read_entries(connection.client.get_metric_history(run, name), connection.server)

    return history


def _metrics(logged: LoggedMetrics, server: str) -> list[Json]:
    pairs = series(logged.entries)
    _refuse_too_many(len(pairs), _MOST_SERIES, "metrics", server)
    return [_metric(name, dataset, logged.newest(name, dataset)) for name, dataset in pairs]


def _metric(name: str, dataset: str | None, measured: Measurement) -> Json:
    return {
        "name": plain_line(name, LONGEST_NAME),
        "value": measured.value,
        "dataset": plain_line(dataset, LONGEST_NAME) if dataset is not None else None,
        "datasetDigest": measured.dataset_digest,
        "samples": measured.samples,
        "measuredAt": measured.time,
        "problem": plain_line(measured.problem, _LONGEST_TEXT),
    }


def _datasets(run: Any, server: str) -> list[Json]:
    inputs = list(run.inputs.dataset_inputs) if run is not None and run.inputs else []
    _refuse_too_many(len(inputs), _MOST_ITEMS, "datasets", server)
    found = []
    for item in inputs:
        contexts = [tag.value for tag in item.tags if tag.key == "mlflow.data.context"]
        found.append(
            {
                "name": plain_line(item.dataset.name, LONGEST_NAME),
                "digest": plain_line(item.dataset.digest, 100),
                "context": plain_line(contexts[0], 100) if contexts else "",
            }
        )
    # The registry promises no order, and a lock must not change by it.
    return sorted(found, key=lambda entry: tuple(entry.values()))


def _tags(found: Any, server: str) -> Json:
    tags = dict(found.tags)
    _refuse_too_many(len(tags), _MOST_ITEMS, "tags", server)
    return {
        plain_line(key, LONGEST_NAME): plain_line(tags[key], _LONGEST_TEXT) for key in sorted(tags)
    }


def _archived(found: Any) -> bool:
    """By stage, which MLflow keeps for old servers, or by the tag ``archived: true``."""
    tag = str(dict(found.tags).get("archived", "")).strip().lower()
    return str(found.current_stage) == "Archived" or tag == "true"


def _refuse_too_many(count: int, most: int, what: str, server: str) -> None:
    if count > most:
        raise LockstepError(
            f"the version has {count} {what}, at most {most} are read",
            where=server,
            fix=f"remove {what} that are not needed",
        )

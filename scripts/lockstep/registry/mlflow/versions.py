"""What MLflow says about one version, as the data of a lock.

Everything that comes from the registry is treated as hostile: counts and lengths are bounded, and
what must have a form is checked for it. Text is kept as it is; whoever shows it sanitises it.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from lockstep.model.document import Json
from lockstep.model.errors import Invalid
from lockstep.model.evidence import Measurement
from lockstep.model.times import parse_time
from lockstep.registry.base import LoggedValue, NotInRegistry, RegisteredCopy
from lockstep.registry.mlflow.artifacts import list_artifacts, read_artifacts
from lockstep.registry.mlflow.client import BOUNDS, Bounds, Connection, connect
from lockstep.registry.mlflow.copies import find_copies
from lockstep.registry.mlflow.download import download_artifacts, locate
from lockstep.registry.mlflow.facts import is_archived, read_facts, run_history
from lockstep.registry.mlflow.metrics import LoggedMetrics, as_logged, read_entries
from lockstep.registry.mlflow.origin import FoundVersion, find_origin
from lockstep.registry.mlflow.search import newest_first
from lockstep.registry.newest import Newest, newest_with
from lockstep.text.sanitise import plain_line

_VERSION = re.compile(r"[1-9][0-9]{0,9}")
_NEWEST = 200
"""Versions among which the highest is looked for, the newest first."""
_NO_LOGGED_MODEL = "the version has no logged model, so no metrics by dataset"
_SERVING = ("champion", "production")
"""Aliases that name the version that serves."""


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

    def serving_aliases(self, model: str) -> Mapping[str, str]:
        """See Registry."""
        return self._connection.ask(lambda: _aliases(self._connection, model))

    def newest(self, model: str, tags: Mapping[str, str]) -> Newest:
        """See Registry. Tags are compared here, so no text of theirs is part of a query."""
        return self._connection.ask(
            lambda: newest_with(newest_first(self._connection, model), tags)
        )

    def ping(self) -> None:
        """Ask for something small. Raises LockstepError where there is no usable answer."""
        client = self._connection.client
        self._connection.ask(lambda: client.search_registered_models(max_results=1))

    def facts(self, model: str, version: str, read_at: str, known: Json = None) -> Json:
        """See Registry."""
        _refuse_alias(model, version)
        connection, client = self._connection, self._connection.client
        origin = connection.ask(lambda: find_origin(connection, model, version, known))
        artifacts = connection.ask(
            lambda: list_artifacts(
                connection, client.get_model_version_download_uri(model, version)
            )
        )
        facts = connection.ask(lambda: read_facts(connection, origin, parse_time(read_at)))
        digest, signature = connection.download(lambda: read_artifacts(artifacts))
        return {
            "identity": _identity(origin, digest),
            "facts": {"readAt": read_at, "signature": signature} | facts,
        }

    def copies_of(self, model: str, identity: Json) -> tuple[RegisteredCopy, ...]:
        """See Registry."""
        return tuple(self._connection.ask(lambda: find_copies(self._connection, model, identity)))

    def measure(
        self, lock: Json, metric: str, dataset: str | None, now: str, needed: float = 0
    ) -> Measurement:
        """See Registry.

        Metrics of a version that MLflow 2 made do not know their dataset, so they are a problem.
        """
        model_id = lock["identity"].get("modelId")
        if not model_id:
            return Measurement(problem=_NO_LOGGED_MODEL)

        def measured() -> Measurement:
            logged = self._connection.client.get_logged_model(model_id)
            entries = read_entries(logged.metrics or [], self.server)
            metrics = LoggedMetrics(entries, run_history(self._connection), parse_time(now))
            return metrics.newest(metric, dataset, needed)

        try:
            return self._connection.ask(measured)
        except NotInRegistry as error:
            return Measurement(problem=f"no longer in the registry: {error.message}")

    def values(
        self, lock: Json, metrics: Collection[str], dataset: str | None, after: datetime,
        until: datetime,
    ) -> list[LoggedValue]:  # fmt: skip
        """See Registry."""
        model_id = lock["identity"].get("modelId")
        if not model_id:
            raise NotInRegistry(_NO_LOGGED_MODEL, where=self.server)

        def read() -> list[LoggedValue]:
            logged = self._connection.client.get_logged_model(model_id)
            entries = [
                entry
                for entry in read_entries(logged.metrics or [], self.server)
                if entry.name in metrics and entry.dataset == dataset
                and 1000 * after.timestamp() < entry.timestamp <= 1000 * until.timestamp()
            ]  # fmt: skip
            return as_logged(entries, run_history(self._connection), self.server)

        return self._connection.ask(read)

    def download(self, source: str, into: Path, most: int) -> None:
        """See Registry."""
        connection = self._connection
        location = connection.ask(lambda: locate(connection, source))
        artifacts = connection.ask(lambda: list_artifacts(connection, location))
        connection.download(lambda: download_artifacts(artifacts, into, most))


def _aliases(connection: Connection, model: str) -> dict[str, str]:
    """The aliases that name what serves, the one that counts first."""
    aliases = dict(connection.client.get_registered_model(model).aliases)
    return {alias: plain_line(aliases[alias], 60) for alias in _SERVING if alias in aliases}


def _serving(connection: Connection, model: str) -> str:
    named: str | int | None = next(iter(_aliases(connection, model).values()), None)
    if named is None:
        found = connection.client.search_model_versions(
            f"name='{model}'", max_results=_NEWEST, order_by=["version_number DESC"]
        )
        usable = [
            int(each.version)
            for each in found
            if _VERSION.fullmatch(str(each.version))
            and str(each.status) == "READY"
            and not is_archived(each)
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


def _identity(origin: FoundVersion, digest: str) -> Json:
    return {
        "registry": "mlflow",
        "model": str(origin.version.name),
        "version": str(origin.version.version),
        "digest": digest,
        "source": origin.source,
        "modelId": origin.model_id,
        "run": origin.run_id,
    }

"""The connection to an MLflow server: quiet, bounded in time, its failures in plain words."""

import base64
import importlib
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from lockstep.edges import bounded
from lockstep.model.errors import LockstepError, NotConfigured
from lockstep.model.registry_variables import (
    PASSWORD_VARIABLE,
    TOKEN_VARIABLE,
    URI_VARIABLE,
    USER_VARIABLE,
)
from lockstep.model.times import format_time
from lockstep.registry.base import NotInRegistry, Unreachable
from lockstep.text.sanitise import bare_address, plain_line

T = TypeVar("T")

# MLflow's own limits, two minutes for a request and seven retries, would let a run hang. With these
# it gives up within the bound of a question, and says more of the reason than that does.
_DEFAULTS: Mapping[str, str] = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "8",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    # A server may ask to be tried again in an hour.
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
# For these MLflow opens the database itself, which mlflow-skinny cannot.
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_OWN_ENTRY_POINTS = frozenset(("mlflow.app", "mlflow.app.client", "mlflow.deployments"))
"""Those that MLflow itself brings; https://mlflow.org/docs/latest/plugins.html lists all."""
_LONGEST_MESSAGE = 400


@dataclass(frozen=True, slots=True)
class Bounds:
    """The seconds that all requests of one question may take together, and those of a download."""

    question: float = 30.0
    download: float = 15 * 60.0


BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Connection:
    """``client`` is an ``mlflow.MlflowClient``; ``server`` names it without credentials."""

    client: Any
    uri: str
    server: str
    bounds: Bounds

    def ask(self, question: Callable[[], T]) -> T:
        """What ``question`` returns; all that MLflow raises in it becomes a LockstepError.

        A server can make MLflow's client raise nearly anything by an answer that is not valid, so
        every exception is caught. Raises NotInRegistry where the server says that something does
        not exist, Unreachable where it gives no answer in time.
        """
        return _bounded(question, self.uri, self.server, self.bounds.question)

    def download(self, files: Callable[[], T]) -> T:
        """As ``ask``, for what may take longer: the files of a model are of any size."""
        # Remembered apart: one huge model must not keep a run from asking about others.
        return _bounded(files, f"{self.uri} files", self.server, self.bounds.download)


def _bounded(question: Callable[[], T], key: str, server: str, seconds: float) -> T:
    late = Unreachable(
        f"the MLflow server gave no answer within {seconds:g} seconds",
        where=server,
        fix="check that it runs and is not overloaded, then run it again",
    )
    try:
        return bounded.ask(key, question, seconds, late)
    except LockstepError:
        raise
    except Exception as error:
        failure = _in_plain_words(error, server)
        if isinstance(failure, Unreachable):
            bounded.give_up(key, failure)
        raise failure from error


def connect(tracking_uri: str | None = None, bounds: Bounds = BOUNDS) -> Connection:
    """A connection to ``tracking_uri``, or to ``MLFLOW_TRACKING_URI`` where that is None.

    Imports MLflow, which takes a second. The time limits of MLflow's own environment
    variables hold within ``bounds``; where they are not set, eight seconds a request and two
    retries. Raises LockstepError when no server is named, MLflow or its database part is missing,
    or the SQLite file does not exist (MLflow would create an empty registry in its place).
    """
    uri = tracking_uri or os.environ.get(URI_VARIABLE, "")
    if not uri:
        raise NotConfigured(
            "no MLflow server is named", fix=f"set {URI_VARIABLE} to the tracking server's address"
        )
    server = bare_address(uri)
    _refuse_missing_file(uri, server)
    mlflow = load_mlflow()
    if uri.startswith(_DATABASES):
        _require_database_support(server)
    # An address that was given is that of the versions too, whatever MLFLOW_REGISTRY_URI says:
    # otherwise a lock could hold the facts of another registry. Databricks keeps versions at an
    # address of its own, which MLflow derives.
    given = tracking_uri if tracking_uri and not tracking_uri.startswith("databricks") else None

    def client() -> Any:
        # It connects to a database at once, and to a server with the first question.
        return mlflow.MlflowClient(tracking_uri=uri, registry_uri=given)

    return Connection(_bounded(client, uri, server, bounds.question), uri, server, bounds)


def load_mlflow() -> Any:
    """The ``mlflow`` module: log lines and progress bars off, no usage data sent, short waits."""
    for name, value in _DEFAULTS.items():
        # What the user has set stays.
        os.environ.setdefault(name, value)
    try:
        mlflow = _import_mlflow()
    except ModuleNotFoundError as error:
        raise NotConfigured(
            "MLflow is not installed",
            fix="install mlflow-skinny for an http server, lockstep[registry] for a SQLite file",
        ) from error
    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    return mlflow


def _import_mlflow() -> Any:
    """MLflow, by name: the import takes a second, and nothing but the registry needs it.

    Without pandas, which nothing that is asked here uses and mlflow-skinny does not include: it
    takes as long as half of the rest. A plugin, which MLflow loads at once, may need it.
    """
    modules: dict[str, Any] = sys.modules
    hides = "pandas" not in modules and not _has_plugins()
    if hides:
        modules["pandas"] = None  # to Python, a module that is not installed
    try:
        return importlib.import_module("mlflow")
    finally:
        if hides:
            del modules["pandas"]


def _has_plugins() -> bool:
    """Whether a distribution other than MLflow's own extends it."""
    groups = {group for group in entry_points().groups if group.startswith("mlflow.")}
    return bool(groups - _OWN_ENTRY_POINTS)


def moment(milliseconds: object) -> str | None:
    """MLflow's milliseconds since 1970 as RFC 3339 UTC; None where they are not a time."""
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool) or milliseconds <= 0:
        return None
    try:
        return format_time(datetime.fromtimestamp(milliseconds // 1000, UTC))
    except (OverflowError, ValueError, OSError):
        return None


def _refuse_missing_file(uri: str, server: str) -> None:
    path = uri.removeprefix("sqlite:///")
    if path != uri and path and not Path(path.split("?", 1)[0]).is_file():
        raise LockstepError(
            "there is no such registry file", where=server, fix=f"check {URI_VARIABLE}"
        )


def _require_database_support(server: str) -> None:
    try:
        importlib.import_module("sqlalchemy")
        importlib.import_module("alembic")
    except ModuleNotFoundError as error:
        raise LockstepError(
            f"reading this registry needs {error.name}, which mlflow-skinny does not include",
            where=server,
            fix="install lockstep[registry], or name a tracking server by its http address",
        ) from error


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def is_absent(error: Exception) -> bool:
    """Whether the server answered that what it was asked for does not exist.

    Only the code tells it from a server that did not answer: the first forbids a rollback to a
    version, the second must not.
    """
    code = str(getattr(error, "error_code", ""))
    return code in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND")


_NO_SERVER = re.compile(r"too many 50[234] error responses")
"""urllib3's words for the answers of a proxy before a server that is down or does not answer."""


def _in_plain_words(error: Exception, server: str) -> LockstepError:
    code = str(getattr(error, "error_code", ""))
    # MLflow's messages repeat the address, which may hold a password.
    said = plain_line(bare_address(_without_secrets(str(error))), _LONGEST_MESSAGE)
    if is_absent(error):
        return NotInRegistry(said, where=server, fix="check the model's name and version")
    if code in ("UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"):
        return LockstepError(
            f"the MLflow server refused: {said}",
            where=server,
            fix="set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and _PASSWORD",
        )
    if isinstance(error, _mlflow_exception()):
        *_, root = causes(error)
        # Of a connection that failed, the last cause says why in two words; MLflow quotes them all.
        said = getattr(root, "strerror", None) or said
        if "error responses" in str(root):
            said = plain_line(_without_secrets(str(root)), _LONGEST_MESSAGE)
        # A server that answers, with an error of its own, may well answer the next question.
        kind = Unreachable if _gave_no_answer(error) else LockstepError
        return kind(
            f"the MLflow server could not be asked: {said}",
            where=server,
            fix=f"check that it runs and that {URI_VARIABLE} is its address",
        )
    return LockstepError(
        f"the MLflow server's answer cannot be used ({type(error).__name__}: {said})",
        where=server,
        fix=f"check that {URI_VARIABLE} is the address of an MLflow 3 server",
    )


def _without_secrets(text: str) -> str:
    """The text without the credentials that were sent: a server may repeat them in an error."""
    user, password = os.environ.get(USER_VARIABLE, ""), os.environ.get(PASSWORD_VARIABLE, "")
    basic = base64.b64encode(f"{user}:{password}".encode(errors="replace")).decode()
    for secret in (os.environ.get(TOKEN_VARIABLE), password, password and basic):
        text = text.replace(secret, "***") if secret else text
    return text


def _gave_no_answer(error: Exception) -> bool:
    from requests import exceptions as failed

    return any(
        isinstance(cause, failed.ConnectionError | failed.Timeout)
        or _NO_SERVER.search(str(cause)) is not None
        for cause in causes(error)
    )


def _mlflow_exception() -> type[Exception]:
    found: type[Exception] = sys.modules["mlflow"].exceptions.MlflowException
    return found

"""The files of a model on this machine's disk: bounded in bytes, and only where they belong."""

import errno
import re
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockstep.edges.os_errors import cannot_write
from lockstep.model.errors import LockstepError, UsageError
from lockstep.registry.mlflow.artifacts import Artifacts
from lockstep.registry.mlflow.client import Connection, causes
from lockstep.text.sanitise import plain_line

LOGGED_MODEL = re.compile(r"models:/(m-[0-9A-Za-z-]{1,80})")
"""The source of a version that MLflow 3 made, with the id of its logged model."""

VERSION = re.compile(r"models:/([^/@]{1,250})/([1-9][0-9]{0,9})")
"""The address of one version of a registered model: its name and number."""

_STORES = (
    "mlflow-artifacts:/", "runs:/", "s3://", "gs://", "wasbs://", "abfss://", "hdfs://", "dbfs:/",
    "file:/", "/",
)  # fmt: skip
"""Where files of models are kept. Not http and ftp: any host could be asked by their means."""


def locate(connection: Connection, source: str) -> str:
    """Where the files of the model at ``source`` are, by the source that a lock names.

    Raises UsageError for an alias, a stage and what is not the source of a model.
    """
    client = connection.client
    if logged := LOGGED_MODEL.fullmatch(source):
        # Not by MLflow's own repository of models:/, which asks the default server of the process.
        return str(client.get_logged_model(logged[1]).artifact_location)
    if version := VERSION.fullmatch(source):
        return str(client.get_model_version_download_uri(*version.groups()))
    if not source.startswith(_STORES):
        raise UsageError(
            f"{plain_line(source, 100)!r} is not the source of a model that a lock could name",
            fix="give spec.identity.source of the lock, such as models:/m-0123; an alias or a "
            "stage can move to another version",
        )
    return source


def download_artifacts(artifacts: Artifacts, into: Path, most: int) -> None:
    """Write all files into the folder ``into``: one after the other, ``most`` bytes in all.

    Raises LockstepError for more bytes, and for what cannot be written.
    """
    if artifacts.size > most:
        raise _too_large(most, artifacts.server)
    left = most
    for path in artifacts.paths:
        target = into / path
        with _explained(target, most, artifacts.server):
            target.parent.mkdir(parents=True, exist_ok=True)
            with _largest_file(left):
                _write(artifacts, path, target)
            left -= target.lstat().st_size
        if left < 0:  # where the system does not bound the size of files
            raise _too_large(most, artifacts.server)


def _write(artifacts: Artifacts, path: str, target: Path) -> None:
    folder = getattr(artifacts.repository, "artifact_dir", None)
    if folder is None:
        # Not by MLflow's download_artifacts: it asks whether the path is a folder by now, and a
        # server could answer with any number of further files.
        artifacts.repository._download_file(path, str(target))
        return
    local = Path(folder).resolve() / path
    if not local.is_file() or local.resolve() != local:  # a link, a device or a pipe
        raise LockstepError(
            f"{plain_line(path, 100)!r} of the model is not a file",
            where=artifacts.server,
            fix="log the model again, and register a new version",
        )
    shutil.copyfile(local, target, follow_symlinks=False)


@contextmanager
def _largest_file(most: int) -> Iterator[None]:
    """Have the system refuse to write more into one file: a server may send without end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limits = [most, *(each for each in (soft, hard) if each != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _explained(target: Path, most: int, server: str) -> Iterator[None]:
    """Tell what this machine refuses from what the server does."""
    try:
        yield
    except Exception as error:
        for cause in causes(error):
            if not isinstance(cause, OSError) or _is_of_the_network(cause):
                continue
            if cause.errno == errno.EFBIG:
                raise _too_large(most, server) from error
            raise cannot_write(cause, str(target), "check that you may write there") from error
        raise


def _is_of_the_network(error: Any) -> bool:
    from requests.exceptions import RequestException

    # Errors of connections are OSErrors, too; those of the disk name a file or a limit of it.
    local = (errno.EFBIG, errno.ENOSPC, errno.EDQUOT, errno.EIO)
    return isinstance(error, RequestException) or not (
        error.filename is not None or error.errno in local
    )


def _too_large(most: int, server: str) -> LockstepError:
    return LockstepError(
        f"the files of the model have more than {most} bytes",
        where=server,
        fix="allow more with --max-size, and as much room on the volume "
        "(spec.serving.fetch.sizeLimit)",
    )

"""What a model version is made of: a digest of its files, and its signature."""

import hashlib
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lockstep.edges import scratch
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.registry.content import content_digest
from lockstep.registry.limits import MOST_DESCRIPTION_BYTES, Unlockable
from lockstep.registry.mlflow.client import Connection
from lockstep.registry.mlflow.signature import read_signature
from lockstep.text.sanitise import plain_line

_LEFT_OUT = "registered_model_meta"  # differs between versions and copies of the same model
_DESCRIPTION = "MLmodel"
# Bounds that no real model reaches: what a registry says must not fill the disk or the memory.
_MOST_FILES = 10_000
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The files of a model: MLflow's ``repository`` that holds them, and their paths, sorted.

    ``size`` are the bytes that the registry says they have together, which it need not know.
    """

    repository: Any
    paths: list[str]
    server: str
    size: int = 0


def list_artifacts(connection: Connection, location: str) -> Artifacts:
    """The files of the model at ``location``. Raises LockstepError where there are none, too many
    of them, or names that point outside of the model's folder.
    """
    registry = importlib.import_module("mlflow.store.artifact.artifact_repository_registry")
    repository = registry.get_artifact_repository(location, tracking_uri=connection.uri)
    sizes = _files(repository, connection.server)
    if not sizes:
        raise LockstepError(
            "the model version has no files",
            where=connection.server,
            fix="log the model with its files, and register a new version",
        )
    return Artifacts(repository, sorted(sizes), connection.server, sum(sizes.values()))


def read_artifacts(artifacts: Artifacts) -> tuple[str, Json]:
    """The content digest and the signature of a model with these files.

    Files are fetched one at a time, so no more than the largest of them is on disk at once. The
    signature is None where the model has none. Raises Unlockable where it cannot be read whole.
    """
    manifest: list[tuple[str, str]] = []
    description = b""
    for path in artifacts.paths:
        with _fetched(artifacts.repository, path, artifacts.server) as local:
            with local.open("rb") as stream:
                manifest.append((path, hashlib.file_digest(stream, "sha256").hexdigest()))
            if path == _DESCRIPTION:
                description = _read_description(local, artifacts.server)
    return content_digest(manifest), read_signature(description, artifacts.server)


def _read_description(local: Path, server: str) -> bytes:
    size = local.stat().st_size
    if size > MOST_DESCRIPTION_BYTES:  # not left out: the version would seem to have no signature
        raise Unlockable(
            f"{_DESCRIPTION} has {size} bytes; at most {MOST_DESCRIPTION_BYTES} are allowed",
            where=server,
            fix="log the model with a smaller signature or less metadata, and register a new "
            "version",
        )
    return local.read_bytes()


@contextmanager
def _fetched(repository: Any, path: str, server: str) -> Iterator[Path]:
    """One file of the model on this machine's disk; one that is here already is not copied."""
    folder = getattr(repository, "artifact_dir", None)
    if folder is None:
        with scratch.folder() as into:
            yield Path(repository.download_artifacts(path, str(into)))
    else:
        local = Path(folder) / path
        if not local.is_file():  # a device or a pipe would be read without end
            raise LockstepError(
                f"{plain_line(path, 100)!r} of the model is not a file",
                where=server,
                fix="log the model again, and register a new version",
            )
        yield local


def _files(repository: Any, server: str) -> dict[str, int]:
    """The size of each file by its path; 0 where the registry does not say it.

    Raises LockstepError where there are too many.
    """
    files: dict[str, int] = {}
    folders: list[str | None] = [None]
    seen = 0
    while folders:
        # Folders count too, so that an endless tree of empty ones ends as well.
        for item in repository.list_artifacts(folders.pop()):
            path, seen = str(item.path), seen + 1
            if not _stays_inside(path):
                shown = plain_line(path, 100)
                raise LockstepError(
                    f"a file of the model has the name {shown!r}",
                    where=server,
                    fix="log the model with plain file names, and register a new version",
                )
            if seen > _MOST_FILES or path.count("/") > _DEEPEST:
                raise LockstepError(
                    "the model version has too many files",
                    where=server,
                    fix="log the model with fewer files, and register a new version",
                )
            if item.is_dir:
                folders.append(path)
            else:
                files[path] = int(item.file_size or 0)
    files.pop(_LEFT_OUT, None)
    return files


def _stays_inside(path: str) -> bool:
    plain = PurePosixPath(path)
    # The name becomes a path on this disk, and a part of messages: it may not lead out or hide. In
    # any other spelling, such as "./a", it would differ from the name on disk.
    inside = plain.parts[:1] not in ((), ("/",)) and ".." not in plain.parts
    return inside and str(plain) == path and path.isprintable()

"""What a model version is made of: a digest of its files, and its signature."""

import hashlib
import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from lockstep.edges import scratch
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.registry.content import content_digest
from lockstep.registry.mlflow.client import Connection
from lockstep.text.sanitise import plain_line

_LEFT_OUT = "registered_model_meta"  # differs between versions and copies of the same model
_DESCRIPTION = "MLmodel"
# Bounds that no real model reaches: what a registry says must not fill the disk or the memory.
_MOST_FILES = 10_000
_DEEPEST = 20
_LARGEST_DESCRIPTION = 1_000_000
_DEEPEST_YAML = 40
_MOST_COLUMNS = 2_000


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
    signature is None where the model has none. Raises LockstepError for too many columns.
    """
    manifest: list[tuple[str, str]] = []
    description = b""
    for path in artifacts.paths:
        with _fetched(artifacts.repository, path, artifacts.server) as local:
            with local.open("rb") as stream:
                manifest.append((path, hashlib.file_digest(stream, "sha256").hexdigest()))
            # The signature is optional; a huge description is hashed, and not parsed.
            if path == _DESCRIPTION and local.stat().st_size <= _LARGEST_DESCRIPTION:
                description = local.read_bytes()
    return content_digest(manifest), _signature(description, artifacts.server)


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


def _signature(description: bytes, server: str) -> Json:
    """``{inputs, outputs}``, each a list of ``{name, type}``; None where there is none."""
    declared = _read_yaml(description)
    signature = declared.get("signature") if isinstance(declared, dict) else None
    if not isinstance(signature, dict):
        return None
    return {side: _columns(signature.get(side), server) for side in ("inputs", "outputs")}


def _read_yaml(data: bytes) -> Json:
    """The value of a YAML file of unknown origin; None where it is not valid.

    PyYAML's composer recurses, and crashes the process on deep nesting, so the depth is counted
    on the event stream first. Aliases, which can multiply, are refused.
    """
    depth = 0
    try:
        for event in yaml.parse(data, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST_YAML or isinstance(event, yaml.AliasEvent):
                return None
        return yaml.load(data, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        return None


def _columns(text: Json, server: str) -> list[Json]:
    """The columns of a signature, which MLflow keeps as JSON in a string."""
    try:
        columns = json.loads(text) if isinstance(text, str) else []
    except (ValueError, RecursionError):
        # Deep nesting, which a registry could send, is a RecursionError.
        return []
    items = columns if isinstance(columns, list) else []
    if len(items) > _MOST_COLUMNS:  # a part of a signature would be compared as if it were all
        raise LockstepError(
            f"the signature has {len(items)} columns, at most {_MOST_COLUMNS} are read",
            where=server,
            fix="log the model with fewer columns, for example with one tensor",
        )
    return [_column(item) for item in items if isinstance(item, dict)]


def _column(item: dict[str, Json]) -> Json:
    kind, tensor = item.get("type", ""), item.get("tensor-spec")
    if isinstance(tensor, dict):
        kind = f"tensor of {tensor.get('dtype')}, shape {tensor.get('shape')}"
    elif not isinstance(kind, str) or kind in ("array", "object", "map"):
        # These names say nothing about the items, so the whole declaration is compared.
        rest = {key: value for key, value in item.items() if key not in ("name", "required")}
        kind = json.dumps(rest, sort_keys=True)
    return {"name": plain_line(item.get("name", ""), 200), "type": plain_line(kind, 500)}

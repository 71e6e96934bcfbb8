"""Checks what a user gives for a new file by the schemas, before anything is written."""

import json
import re
from collections.abc import Iterable, Mapping

from lockstep.model.document import Json
from lockstep.model.errors import UsageError
from lockstep.model.fleet import Tree
from lockstep.text.sanitise import bare_address, quoted

_COMMON = "common.json"
_ENVIRONMENT = ("environment.json", "$defs", "argocd", "properties")
_LABELS = ("environment.json", "$defs", "selectorLabels")
_NAME = (_COMMON, "$defs", "name")
_MLFLOW = ("gates/mlflow.json", "properties")

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "environment": _NAME,
    "family": _NAME,
    "cluster": _NAME,
    "namespace": _NAME,
    "tenant": _NAME,
    "destination": _NAME,
    "argocd-namespace": _NAME,
    "argocd-project": _NAME,
    "region": (_COMMON, "$defs", "region"),
    "jurisdiction": (_COMMON, "$defs", "jurisdiction"),
    "owner": (_COMMON, "$defs", "owner"),
    "model": (_COMMON, "$defs", "modelName"),
    "version": (_COMMON, "$defs", "version"),
    "host": (_COMMON, "$defs", "hostName"),
    "domain": (_COMMON, "$defs", "domain"),
    "image": ("cluster/serving.json", "properties", "image"),
    # Stricter than lockstep.json on the address and the branch, which are written in both.
    "repository": (*_ENVIRONMENT, "repoURL"),
    "branch": (*_ENVIRONMENT, "revision"),
    "operator-label": (*_LABELS, "propertyNames"),
    "operator-label value": (_COMMON, "$defs", "labelValue"),
    "metric": (*_MLFLOW, "metric"),
    "dataset": (*_MLFLOW, "dataset"),
    "source": ("lockstep.json", "properties", "program", "properties", "source"),
    "hash": ("lockstep.json", "properties", "program", "properties", "hash"),
}
"""The schema of each value, by the option that gives it: the file, and the keys in it."""

_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
# Files of a family's folder that are not clusters.
_TAKEN = ("family", "quarantine")


def check_values(shipped: Tree, given: Mapping[str, str | None]) -> None:
    """Raise UsageError for the first value that its schema does not allow.

    ``given`` has the values by the names of their options; None is a value that was not given.
    """
    for option, value in given.items():
        if value is not None:
            _check(shipped, option, value)


def check_labels(shipped: Tree, labels: Iterable[tuple[str, str]]) -> None:
    """Raise UsageError for the first label whose key or value the schema does not allow."""
    for key, value in labels:
        check_values(shipped, {"operator-label": key, "operator-label value": value})


def _check(shipped: Tree, option: str, value: str) -> None:
    file, *keys = _FIELDS[option]
    schema: Json = json.loads(shipped[f"policies/schemas/{file}"])
    for key in keys:
        schema = schema[key]
    least, most = schema.get("minLength", 1), schema.get("maxLength", 1000)
    if least <= len(value) <= most and re.search(schema.get("pattern", ""), value):
        return _check_further(option, value)
    title = schema.get("title", "an allowed value")
    raise UsageError(
        f"--{option}: {quoted(bare_address(value), 80)} is not {title}",
        fix=str(schema["description"]),
    )


def _check_further(option: str, value: str) -> None:
    """What no pattern says: an image is by digest, and a cluster's file is not one of others."""
    if option == "image" and not _DIGEST.fullmatch(value):
        raise UsageError(
            f"--image: {quoted(value, 80)} is not referenced by digest",
            fix="write the image as name@sha256:<64 hexadecimal digits>",
        )
    if option == "cluster" and value in _TAKEN:
        raise UsageError(
            f"--cluster: {quoted(value)} is the name of another file", fix="give another name"
        )

"""What must hold of a rendered object, whatever its template says.

A component describes each of its objects as the object itself would be written, with what spec and
lock decide: names, selectors, images, weights. What is not described must not be there, so the
description also lists what a template may choose, and within which bounds. It never comes from a
template, so replacing one cannot change it::

    {
        "metadata": {"name": "fraud", "labels": Guarded({"lockstep.dev/cluster": "fraud"})},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"lockstep.dev/cluster": "fraud"}},
            "minReadySeconds": Within(0, 600),
            "affinity": FREE,
            "containers": ByName({"model": {"name": "model", "image": "registry.example.com/..."}}),
        },
    }
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from lockstep.model.document import Json

RESERVED = (
    "lockstep.dev", "app.kubernetes.io",
    # Hooks, sync options and what an Application owns: they decide what is applied, and when. The
    # image updater replaces images.
    "argoproj.io",
    # The cloud identity of pods.
    "amazonaws.com", "gke.io", "azure.workload.identity",
    # Pauses an autoscaler, with any number of replicas, or takes over another one's.
    "keda.sh",
)  # fmt: skip
"""The domains in keys of labels and annotations that only Lockstep writes, with their subdomains.

Which other keys a template may add is for the rule ``template-additions``.
"""


class Mark(Enum):
    """The markers that need no values."""

    ABSENT = auto()
    FREE = auto()


ABSENT = Mark.ABSENT
"""In place of a value: the field must not be there."""

FREE = Mark.FREE
"""In place of a value: anything or nothing. A rule evaluates it, or it can do no harm."""


@dataclass(frozen=True, slots=True, eq=False)
class Guarded:
    """Labels or annotations: these, and no other key in a domain of RESERVED."""

    fields: Mapping[str, "Expected"]


@dataclass(frozen=True, slots=True, eq=False)
class ByName:
    """A list of mappings with names: each of these is there once; all others are as ``others``."""

    items: Mapping[str, "Expected"]
    others: "Expected" = FREE


@dataclass(frozen=True, slots=True, eq=False)
class Has:
    """A list in which these items are; all others are as ``others``."""

    items: Sequence[Json]
    others: "Expected" = FREE


@dataclass(frozen=True, slots=True, eq=False)
class Each:
    """A list that may be missing; each of its items is like this."""

    item: "Expected"


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """One of these values."""

    values: Sequence[Json]


@dataclass(frozen=True, slots=True, eq=False)
class IfAny:
    """A field that may be missing; where it is there, it is like this."""

    value: "Expected"


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """A whole number that may be missing; where it is there, it is from ``least`` to ``most``."""

    least: int
    most: int


@dataclass(frozen=True, slots=True, eq=False)
class AnyBut:
    """A field that may be missing or have any value but this."""

    value: Json


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """An absolute path that is neither at this one, nor in or above it."""

    path: str


Expected = Json
"""A value as it must be, or one of the markers, at any depth. A plain mapping has these fields and
no others, and a plain list is the whole list."""

"""Where the values of a component's context come from: what people wrote, by document and pointer.

Rendering never needs this; a finding about a rendered object does, to point at what to change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from lockstep.model.document import Pointer


class SourceDocument(StrEnum):
    """The kinds of documents that values come from; how a pointer into each is to be read."""

    CLUSTER = "cluster"
    """The effective cluster: the pointer leads into the family's file where it is a default."""
    FAMILY = "family"
    ENVIRONMENT = "environment"
    VARIANT = "variant"
    """``(version, field)``: that field of each variant of the version, of all without a version."""
    LOCK = "lock"
    """``(version, ...)``: a pointer into the lock of the version."""
    REGION = "region"
    """A pointer into the environment's entry of the cluster's region."""


class Source(NamedTuple):
    """One written value."""

    document: SourceDocument
    pointer: Pointer


@dataclass(frozen=True, slots=True)
class Origin:
    """The written values that make one value, the one to change first in front; ``+`` joins."""

    sources: tuple[Source, ...]

    def __add__(self, other: "Origin") -> "Origin":
        # Each once: two parts of a value can come from one field.
        return Origin(tuple(dict.fromkeys(self.sources + other.sources)))


OriginTree = Origin | Mapping[str, "OriginTree"] | Sequence["OriginTree"] | None
"""Has the shape of a context, see ``ManifestFile``. None where no written value is involved."""

Origins = Mapping[str, OriginTree]


def in_cluster(*pointer: str | int) -> Origin:
    """A value of the cluster: ``in_cluster("metadata", "name")``."""
    return Origin((Source(SourceDocument.CLUSTER, pointer),))


def in_spec(*pointer: str | int) -> Origin:
    """A value of the cluster's effective spec: ``in_spec("serving", "image")``."""
    return in_cluster("spec", *pointer)


def in_family(*pointer: str | int) -> Origin:
    """A value of ``family.yaml`` that is not a default of the clusters' specs."""
    return Origin((Source(SourceDocument.FAMILY, pointer),))


def in_environment(*pointer: str | int) -> Origin:
    """A value of ``environment.yaml``."""
    return Origin((Source(SourceDocument.ENVIRONMENT, pointer),))


def in_variants(version: str, field: str) -> Origin:
    """A field of the variants that have this version."""
    return Origin((Source(SourceDocument.VARIANT, (version, field)),))


def in_all_variants(field: str) -> Origin:
    """A field of all variants, those that do not run included."""
    return in_variants("", field)


def in_lock(version: str, name: str) -> Origin:
    """A part of a version's identity, and the variant that chose the version."""
    there = Source(SourceDocument.LOCK, (version, "spec", "identity", name))
    return Origin((there,)) + in_variants(version, "version")


def in_region(*pointer: str | int) -> Origin:
    """A field of the cluster's region in the environment, and the cluster's choice of it."""
    return Origin((Source(SourceDocument.REGION, pointer),)) + in_spec("region")


def no_origins() -> Origins:
    """Nothing declared: every value is traced to its line of the template."""
    return {}

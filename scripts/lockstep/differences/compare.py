"""Compares folders of manifests: every object that differs, its fields, and what is dangerous."""

import json
from collections.abc import Iterable, Iterator, Mapping

from lockstep.differences.dangers.table import DANGERS
from lockstep.differences.folders import ComparedFamily, ComparedFolder, ComparedObject
from lockstep.differences.secrets import SecretKinds
from lockstep.differences.weights import weight_changes, without_weights
from lockstep.model.differences import (
    LONGEST_NAME,
    LONGEST_PATH,
    LONGEST_TEXT,
    LONGEST_VALUE,
    ChangeType,
    Danger,
    FieldChange,
    ObjectChange,
)
from lockstep.model.document import Json
from lockstep.text.sanitise import cut, shorten


def compare_folders(
    folders: Iterable[ComparedFolder], clusters: Mapping[tuple[str, str], int], secrets: SecretKinds
) -> tuple[ObjectChange, ...]:
    """The objects that differ: dangerous ones first, then by environment, family and region.

    ``clusters`` is the number of clusters of each family, by environment and name, after the
    change.
    """
    families: dict[tuple[str, str], list[ComparedFolder]] = {}
    for folder in folders:
        families.setdefault((folder.environment, folder.family), []).append(folder)
    found: list[ObjectChange] = []
    for unit, compared in families.items():
        family = ComparedFamily(compared, clusters.get(unit, 0))
        found += (_change(each, family, secrets) for each in family.objects)
    return tuple(sorted(found, key=_order))


def _change(each: ComparedObject, family: ComparedFamily, secrets: SecretKinds) -> ObjectChange:
    folder = each.folder
    changed = each.change is ChangeType.CHANGED
    return ObjectChange(
        environment=shorten(folder.environment, LONGEST_NAME),
        family=shorten(folder.family, LONGEST_NAME),
        cluster=shorten(folder.cluster, LONGEST_NAME),
        region=shorten(folder.region, LONGEST_NAME),
        kind=shorten(each.id.kind, LONGEST_NAME),
        name=shorten(each.id.name, LONGEST_NAME),
        role=shorten(each.role, LONGEST_NAME),
        namespace=shorten(each.id.namespace, LONGEST_NAME),
        file=shorten(each.file, LONGEST_PATH),
        change=each.change,
        fields=tuple(_fields(each, secrets)) if changed else (),
        weights=weight_changes(each),
        dangers=tuple(_dangers(each, family, secrets)),
    )


def _dangers(
    each: ComparedObject, family: ComparedFamily, secrets: SecretKinds
) -> Iterator[Danger]:
    for rank, kind in enumerate(DANGERS):
        for text in dict.fromkeys(kind.find(each, family)):
            yield Danger(kind.id, shorten(secrets.hidden(text), LONGEST_TEXT), rank)


def _fields(each: ComparedObject, secrets: SecretKinds) -> Iterator[FieldChange]:
    # What Argo CD's objects hold are addresses and revisions, and these must be shown.
    runs = each.id.kind not in ("Application", "AppProject")
    for found in without_weights(each):
        path = shorten(secrets.hidden(found.path, runs=runs), LONGEST_PATH)
        values = (_bounded(secrets.hidden(v, runs=runs)) for v in (found.before, found.after))
        yield FieldChange(path, *values)


def _bounded(value: Json) -> Json:
    """The value, or its beginning as text where it is too long for a report."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= LONGEST_VALUE else cut(text, LONGEST_VALUE)


def _order(each: ObjectChange) -> tuple[int, str, str, str, str, str, str, str]:
    rank = min((danger.rank for danger in each.dangers), default=len(DANGERS))
    return (
        rank, each.environment, each.family, each.region, each.cluster, each.kind, each.name,
        each.file,
    )  # fmt: skip

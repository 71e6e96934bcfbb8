"""What is compared: folders of manifests with what they belong to, and the objects in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from lockstep.differences.fields import FieldDifference, field_differences
from lockstep.model.differences import ChangeType
from lockstep.model.document import Json, Pointer, value_at
from lockstep.render.names import version_slug

FAMILY_LABEL = "lockstep.dev/family"
VERSION_LABEL = "lockstep.dev/version"


class ObjectId(NamedTuple):
    """What makes two manifests the same object for Kubernetes, whatever file they are in.

    ``group`` is that of its API, without the version.
    """

    group: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, eq=False)
class ComparedFolder:
    """A folder of manifests, or of policies, on both sides, and what it belongs to.

    ``before`` and ``after`` are the objects by the path of their file; a folder without any is not
    there on that side. ``family``, ``cluster`` and ``region`` are empty where it is no cluster's,
    and ``environment`` where it is none's. ``production`` says whether the strictest rules hold.
    ``names`` are the identities of objects that do not say it themselves, by path.
    """

    environment: str = ""
    family: str = ""
    cluster: str = ""
    region: str = ""
    production: bool = True
    before: Mapping[str, Json] = field(default_factory=dict)
    after: Mapping[str, Json] = field(default_factory=dict)
    names: Mapping[str, ObjectId] = field(default_factory=dict)

    @cached_property
    def objects(self) -> "tuple[ComparedObject, ...]":
        """The objects that differ, in the order of their identity."""
        return tuple(each for each in self._pairs() if each.fields)

    def _pairs(self) -> "Iterator[ComparedObject]":
        before, after = (_by_id(side, self.names) for side in (self.before, self.after))
        for identity, file in sorted({*before, *after}):
            was, now = before.get((identity, file)), after.get((identity, file))
            # A manifest that is the same on both sides was parsed once.
            if was and now and was[1] is now[1]:
                continue
            path, _ = now or was or ("", None)
            yield ComparedObject(
                self, identity, path, was[1] if was else None, now[1] if now else None
            )

    def of_kind(self, kind: str, *, head: bool = True) -> list[Json]:
        """The objects of one kind after the change, or with ``head`` false before it."""
        side = self.after if head else self.before
        return [each for each in side.values() if each.get("kind") == kind]


@dataclass(frozen=True, eq=False)
class ComparedObject:
    """One object on both sides; None where it is not there."""

    folder: ComparedFolder
    id: ObjectId
    file: str
    before: Json | None
    after: Json | None

    @property
    def change(self) -> ChangeType:
        """What happens to it, if anything does."""
        if self.before is None:
            return ChangeType.ADDED
        return ChangeType.REMOVED if self.after is None else ChangeType.CHANGED

    @cached_property
    def fields(self) -> tuple[FieldDifference, ...]:
        """The fields that differ; one that stands for the whole where it is added or removed."""
        return tuple(field_differences(self.before, self.after))

    @property
    def role(self) -> str:
        """Its name without the cluster's, which it has in all clusters of a family: ``v41``.

        Empty for the objects that are called like their cluster.
        """
        cluster, name = self.folder.cluster, self.id.name
        # A long name of a cluster is cut in those of its versions.
        slug = version_slug(label_of(self.after or self.before, VERSION_LABEL) or "?")
        if name.endswith(f"-{slug}"):
            return slug
        if cluster and name.endswith(cluster):  # such as an Application, by its environment too
            return ""
        return name.removeprefix(f"{cluster}-") if cluster else name

    def changed_below(self, *pointer: str) -> list[FieldDifference]:
        """The fields of an object on both sides that differ at or below a place, or above it."""
        if self.change is not ChangeType.CHANGED:
            return []
        return [each for each in self.fields if _meets(each.pointer, pointer)]


@dataclass(frozen=True, eq=False)
class ComparedFamily:
    """The compared folders of one family, or of what belongs to none.

    ``clusters`` counts all clusters of the family after the change, compared or not.
    """

    folders: Sequence[ComparedFolder]
    clusters: int = 0

    @cached_property
    def objects(self) -> "tuple[ComparedObject, ...]":
        """The objects of all of its folders that differ."""
        return tuple(each for folder in self.folders for each in folder.objects)


def identity_of(manifest: Json) -> ObjectId:
    """What makes an object the same one in two trees, or in git and in an API."""
    group = str(manifest.get("apiVersion", "")).rpartition("/")[0]
    place = (str(value_at(manifest, ("metadata", key)) or "") for key in ("namespace", "name"))
    return ObjectId(group, str(manifest.get("kind", "")), *place)


def label_of(manifest: Json, label: str, *above: str) -> str:
    """The text of a label of an object, or of the template of its pods with ``above``."""
    found = value_at(manifest, (*above, "metadata", "labels", label))
    return found if isinstance(found, str) else ""


def items_of(value: Json, *pointer: str) -> list[Json]:
    """The mappings of a list at a place; none where there is no list."""
    found = value_at(value, pointer)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def mapping_at(value: Json, *pointer: str) -> Mapping[str, Json]:
    """The mapping at a place; empty where there is none."""
    found = value_at(value, pointer)
    return found if isinstance(found, dict) else {}


def _by_id(
    manifests: Mapping[str, Json], names: Mapping[str, ObjectId]
) -> dict[tuple[ObjectId, str], tuple[str, Json]]:
    """The objects of one side by their identity.

    The path of the file is a part of it only for the second of two with one identity, which
    Kubernetes could not tell apart.
    """
    found: dict[tuple[ObjectId, str], tuple[str, Json]] = {}
    for path, each in sorted(manifests.items()):
        identity = names.get(path) or identity_of(each)
        key = (identity, path) if (identity, "") in found else (identity, "")
        found[key] = (path, each)
    return found


def _meets(one: Pointer, other: Pointer) -> bool:
    both = min(len(one), len(other))
    return one[:both] == other[:both]

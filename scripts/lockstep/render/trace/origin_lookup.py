"""Finds what an origin names in the documents of a cluster or an environment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lockstep.model.document import Json, Pointer, value_at
from lockstep.model.finding import Related
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.render.targets.origins import Origin, OriginTree, Source, SourceDocument
from lockstep.spec.place import Place

# Not None, because a null in the file is a written value too.
_NOTHING = object()


class OriginLookup:
    """The documents that the values of a folder come from.

    ``cluster`` and ``family`` are None for the environment's own folder, ``cluster`` alone for that
    of a whole family.
    """

    def __init__(
        self, environment: Environment, family: Family | None, cluster: Cluster | None
    ) -> None:
        self._environment = environment
        self._family = family
        self._cluster = cluster

    @property
    def whole_spec(self) -> Place:
        """The spec of the cluster, the family or the environment: where nothing is known better."""
        own = self._cluster or self._family or self._environment
        return Place(own.document, ("spec",))

    def name_with(self, note: str) -> Related:
        """The name of the cluster, family or environment, as a place of a finding elsewhere."""
        return replace(self.whole_spec, pointer=("metadata", "name")).related_as(note)

    def places(self, origin: Origin, below: Pointer = ()) -> list[Place]:
        """Where the values of an origin are; ``below`` leads on where something is written.

        Where none is written, the first: a default of Lockstep, which would be written there.
        Places in the cluster are those of its effective spec: ``where_written`` gives their file.
        """
        found = [place for source in origin.sources for place in self._places_of(source)]
        # Where another source of the value is written, a default is not what to change.
        written = [place for place in found if _is_written(self._value(place), place.pointer)]
        return [self._deepen(place, below) for place in written or found[:1]]

    def where_written(self, place: Place) -> Place:
        """A place in the effective cluster, as the place in the file that wrote it."""
        if self._cluster is not None and place.document is self._cluster.document:
            return Place.in_cluster(self._cluster, place.pointer)
        return place

    def _places_of(self, source: Source) -> Iterator[Place]:
        document, pointer = source
        cluster, family, environment = self._cluster, self._family, self._environment
        if document is SourceDocument.ENVIRONMENT:
            yield Place(environment.document, pointer)
        elif document is SourceDocument.REGION and cluster:
            if (index := environment.region_index(cluster.region)) is not None:
                yield Place(environment.document, ("spec", "regions", index, *pointer))
        elif document is SourceDocument.FAMILY and family:
            yield Place(family.document, pointer)
        elif document is SourceDocument.FAMILY and cluster:
            yield Place(cluster.family_document, pointer)
        elif document is SourceDocument.LOCK and family and pointer[0] in family.locks:
            yield Place(family.locks[str(pointer[0])], pointer[1:])
        elif document is SourceDocument.VARIANT and cluster:
            # All of them, because several roles can have one version.
            for index, variant in enumerate(cluster.variants):
                if pointer[0] in ("", value_at(variant, ("version",))):
                    yield Place(cluster.document, ("spec", "variants", index, *pointer[1:]))
        elif document is SourceDocument.CLUSTER and cluster:
            yield Place(cluster.document, pointer)
        elif document is SourceDocument.CLUSTER and family:
            # What watches the family has the values of all of its clusters.
            for each in family.clusters:
                yield Place.in_cluster(each, pointer)

    def _value(self, place: Place) -> Json:
        if self._cluster is not None and place.document is self._cluster.document:
            return self._cluster.effective
        return place.document.value

    def _deepen(self, place: Place, below: Pointer) -> Place:
        pointer = place.pointer
        for part in below:
            if not _is_written(self._value(place), (*pointer, part)):
                break
            pointer = (*pointer, part)
        return Place(place.document, pointer)


def origin_at(tree: OriginTree, context: Json, path: Pointer) -> tuple[Origin | None, Pointer]:
    """The origin of the value at ``path`` of a context, and the rest of the path by name.

    By name an item of a list of tuples is its first element, as a key is. Where a tree names
    such items one by one, their keys were made by Python and have no origin.
    """
    steps = list(_steps_by_name(context, path))
    # An Origin stands for all that is below it; what is left of the path leads on from there.
    while steps and not isinstance(tree, Origin):
        index, name = steps.pop(0)
        if isinstance(tree, Mapping):
            tree = tree.get(str(name))
            if isinstance(tree, Origin) and name != index and steps and steps[0][0] == 0:
                return None, ()
        elif isinstance(tree, Sequence) and isinstance(index, int) and index < len(tree):
            tree = tree[index]
        else:
            tree = None
    if not isinstance(tree, Origin):
        return None, ()
    return tree, tuple(name for _, name in steps)


def _steps_by_name(value: Json, path: Pointer) -> Iterator[tuple[str | int, str | int]]:
    """Each step of a path as it is, and by name."""
    for part in path:
        item = value[part]
        named = isinstance(value, list) and isinstance(item, tuple) and isinstance(item[0], str)
        yield part, item[0] if named else part
        value = item


def _is_written(value: Json, pointer: Pointer) -> bool:
    return value_at(value, pointer, _NOTHING) is not _NOTHING

"""docs/reference/rendering.md: which field of a spec is written where in which manifest.

Made by rendering fleets that use every field, and tracing each value of each object back to what
it comes from. So the page shows what the templates and components really do.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from lockstep.model.document import Json, Pointer, value_at
from lockstep.model.fleet import Fleet
from lockstep.render.folder import Templates
from lockstep.render.parse import parse_manifest
from lockstep.render.targets.base import ManifestFile
from lockstep.render.trace.objects import rendered_files
from lockstep.render.trace.origin_lookup import OriginLookup
from lockstep.render.trace.trace import Tracer
from lockstep.text.phrases import listed

_HEAD = """\
<!-- Written by `lockstep schema docs`; do not edit. -->

# What each field renders to

Each row is a field of a file that people or Lockstep write, and where its value goes: the kind of
the object, and the field of that kind. `*` is a name that you choose, `[]` an item of a list.
Several fields can make one value, such as the name of an object; it is in the row of each of them.
[Architecture](../explanation/architecture.md) says how a component turns fields into objects.
"""

_KINDS = {
    "ModelCluster": "A cluster, or the defaults of its family",
    "ModelFamily": "A family",
    "Environment": "An environment",
    "ModelLock": "The lock of a version",
}
"""The kinds of documents that are rendered, in the order of the page."""

Written = Mapping[tuple[str, str], Mapping[str, frozenset[str]]]
"""By the kind of a document and its field: the fields of objects, by the kind of the object."""


def field_table(fleets: Iterable[Fleet], templates: Templates, schemas: Mapping[str, Json]) -> str:
    """The text of the page.

    ``fleets`` are valid and use every field; ``schemas`` are flattened, by the kind that they
    describe. A field that no value of an object comes from is listed as checked only.
    """
    written = written_fields(fleets, templates, schemas)
    sections = [_HEAD]
    for kind, title in _KINDS.items():
        sections += _section(kind, title, written, schemas[kind])
    return "\n".join(sections)


def written_fields(
    fleets: Iterable[Fleet], templates: Templates, schemas: Mapping[str, Json]
) -> Written:
    """Where the values of fields are written, over all objects of these fleets."""
    found: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for fleet in fleets:
        for lookup, component, file in _files(fleet):
            manifest = parse_manifest(templates.texts.write(component, file.context))
            tracer = Tracer(component, file, templates.texts, lookup)
            chosen = set()  # keys that are values of the spec
            for pointer, key in _parts(manifest):
                for place in tracer.sources(pointer, key=key):
                    kind = str(value_at(place.document.value, ("kind",)))
                    field = field_name(place.pointer, schemas[kind])
                    # The name of a field, which spec and object have in common, is no value.
                    if key and field.endswith(f".{pointer[-1]}"):
                        continue
                    chosen |= {pointer} if key else set()
                    found[kind, field][manifest["kind"]].add(_path(pointer, chosen))
    return {
        key: {kind: frozenset(paths) for kind, paths in places.items()}
        for key, places in found.items()
    }


def leaf_fields(schema: Json, above: tuple[str, ...] = ()) -> Iterator[str]:
    """The fields of a flattened schema that have no fields of their own (see field_name)."""
    inner = dict(schema.get("properties", {}))
    if isinstance(schema.get("additionalProperties"), dict):
        inner["*"] = schema["additionalProperties"]
    if "items" in schema:
        yield from leaf_fields(schema["items"], (*above[:-1], f"{above[-1]}[]"))
    elif inner:
        for name, each in inner.items():
            yield from leaf_fields(each, (*above, name))
    else:
        yield ".".join(above)


def field_name(pointer: Pointer, schema: Json) -> str:
    """A place in a document as its field, such as ``spec.access.secrets.*.path``."""
    parts: list[str] = []
    for part in pointer:
        if isinstance(part, int):
            parts[-1] += "[]"
            schema = schema.get("items", {})
        elif part in schema.get("properties", {}):
            parts.append(part)
            schema = schema["properties"][part]
        else:
            parts.append("*")
            schema = schema.get("additionalProperties", {})
    return ".".join(parts)


def _files(fleet: Fleet) -> Iterator[tuple[OriginLookup, str, ManifestFile]]:
    """Each file of a fleet, with its component and the documents that its values come from."""
    for environment in fleet.environments.values():
        families = environment.families.values()
        clusters = [(family, cluster) for family in families for cluster in family.clusters]
        whole = [(family, None) for family in families]
        for family, cluster in [(None, None), *whole, *clusters]:
            lookup = OriginLookup(environment, family, cluster)
            for component, file in rendered_files(cluster, family, environment):
                yield lookup, component, file


def _parts(value: Json, above: Pointer = ()) -> Iterator[tuple[Pointer, bool]]:
    """The places of a document that hold no mapping and no list, and each key (True)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*above, key), True
            yield from _parts(inner, (*above, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _parts(inner, (*above, index))
    else:
        yield above, False


def _path(pointer: Pointer, chosen: Collection[Pointer]) -> str:
    """The place of a value in an object, without numbers of list items and ``chosen`` keys."""
    parts: list[str] = []
    for depth, part in enumerate(pointer, start=1):
        if isinstance(part, int):
            parts[-1] += "[]"
        elif pointer[:depth] in chosen:
            parts.append("*")
        else:
            # A key with dots, such as that of a label, is one part.
            parts.append(f'["{part}"]' if "." in part else part)
    return ".".join(parts).replace(".[", "[")


def unwritten(kind: str, written: Written, schema: Json) -> list[str]:
    """The fields of a kind that no value of an object comes from, those of a file's head left out.

    The defaults of a family are fields of its clusters.
    """
    covered = [field for of, field in written if of == kind]
    return [
        field
        for field in leaf_fields(schema)
        if not field.startswith(_ELSEWHERE) and not _is_covered(field, covered)
    ]


_ELSEWHERE = ("apiVersion", "kind", "spec.defaults.")


def _section(kind: str, title: str, written: Written, schema: Json) -> Iterator[str]:
    of_kind = {field: places for (of, field), places in written.items() if of == kind}
    order = [field for field in leaf_fields(schema) if field in of_kind]
    # A list or a mapping as a whole is written, too: a row of its own.
    order += sorted(of_kind.keys() - {*order})
    every = frozenset(kind for places in written.values() for kind in places)
    yield f"## {title}\n"
    yield f"Kind `{kind}`.\n"
    yield "| field | is written to |"
    yield "|---|---|"
    yield from (f"| `{field}` | {'; '.join(_places(of_kind[field], every))} |" for field in order)
    if unused := unwritten(kind, written, schema):
        yield f"\nThe values of these are in no object: {_UNUSED}"
        yield f"{', '.join(f'`{field}`' for field in unused)}.\n"


_UNUSED = "[rules](rules.md) check them, rollouts use them, or they decide which objects there are."


def _is_covered(field: str, written: Iterable[str]) -> bool:
    """Whether a field, or a list or a mapping that it is a part of, is written as a whole."""
    return any(field == each or field.startswith((f"{each}.", f"{each}[")) for each in written)


def _places(places: Mapping[str, frozenset[str]], every: frozenset[str]) -> Iterator[str]:
    """The objects with their fields; what nearly all kinds have is said once, in front."""
    kinds_of: dict[str, set[str]] = defaultdict(set)
    for kind, paths in places.items():
        for path in paths:
            kinds_of[path].add(kind)
    common = {path for path, kinds in kinds_of.items() if len(every - kinds) <= _FEW}
    for path in sorted(common):
        others = listed(sorted(every - kinds_of[path]))
        yield f"every object{f' but {others}' if others else ''} `{path}`"
    for kind in sorted(places):
        if own := sorted(places[kind] - common):
            yield f"{kind} {', '.join(f'`{path}`' for path in own)}"


_FEW = 6
"""Kinds without a field, so that it is still one of nearly every object."""

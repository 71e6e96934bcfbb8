"""Valid changes of the files that people write, field by field, and the objects that each changes.

A change is a field or an item that goes, fields of a mapping that exchange their values, a list
in another order, or a part of one cluster in place of the same part of its neighbour. Each is
looked at in both directions, so what goes one way comes the other way.
"""

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from lockstep.differences.fields import field_differences
from lockstep.render.parse import parse_manifest
from tests.acceptance.mutants import Pointer, written

Tree = dict[str, bytes]
Fits = Callable[[Any], bool]
"""Whether a document fits the schema of its kind."""
Render = Callable[[Tree], Mapping[str, bytes] | None]
"""Gives the manifests of a fleet by path; None where it is not valid."""

UNRENDERED = ("gates", "rollout", "consistency", "freezes", "currency")
"""Fields of a spec that no manifest holds: how versions move, and when."""

BOUNDED = "resources"
"""Requests and limits hold together, or the rule resources-bounded denies them, as the API does."""

_ITEM = re.compile(r"\[[^]]*\]")


@dataclass(frozen=True)
class FieldChange:
    """A change of one file: what is changed how, and the files that a render of it needs."""

    file: str
    pointer: Pointer
    how: str
    tree: Tree

    @property
    def field(self) -> str:
        """The field without the numbers of list items: ``spec.variants.*.weight``."""
        return _field(self.pointer)

    def __str__(self) -> str:
        return f"{self.file} {'.'.join(map(str, self.pointer))} ({self.how})"


@dataclass(frozen=True)
class ObjectChange:
    """One object before and after, and a change that does this to it."""

    before: dict[str, Any]
    after: dict[str, Any]
    why: str


def field_changes(tree: Tree, fits: Fits) -> Iterator[FieldChange]:
    """Every change of one field of a fleet's files, in each way that the schema of the file allows.

    Each way is tried once for each field of a kind. The tree of each change is that of the changed
    family, or of all where an environment changes.
    """
    seen: set[tuple[str, str, str]] = set()
    human = {path: data for path, data in tree.items() if _is_human(path)}
    documents = {path: yaml.safe_load(data) for path, data in human.items()}
    for path, value in documents.items():
        here = _around(tree, path)
        for pointer, how, changed in (*_changes_of(value), *_exchanges_of(path, value, documents)):
            tried = (value["kind"], _field(pointer), how)
            if tried not in seen and fits(changed):
                seen.add(tried)
                yield FieldChange(path, pointer, how, {**here, path: written(changed)})


def object_changes(
    tree: Tree, changes: Iterable[FieldChange], render: Render
) -> tuple[list[ObjectChange], list[FieldChange]]:
    """The changes of objects that stay, each kind of change once; and the changes that were valid.

    An object stays where its kind, namespace and name do: others are deleted and made anew.
    """
    before = _objects(render(tree) or {})
    found: dict[str, ObjectChange] = {}
    valid = []
    for change in changes:
        rendered = render(change.tree)
        if rendered is None:
            continue
        valid.append(change)
        after = _objects(rendered)
        for identity in before.keys() & after.keys():
            old, new = before[identity], after[identity]
            if old is not new and old != new:
                for was, now in ((old, new), (new, old)):
                    found.setdefault(_sort(was, now), ObjectChange(was, now, str(change)))
    return list(found.values()), valid


def _field(pointer: Pointer) -> str:
    return ".".join("*" if isinstance(part, int) else part for part in pointer)


def _around(tree: Tree, path: str) -> Tree:
    """The files that the manifests of a changed file depend on."""
    folder = path.rpartition("/")[0]
    if path.endswith("environment.yaml"):
        return {p: data for p, data in tree.items() if p.startswith(f"{folder}/")}
    home = f"{folder.rpartition('/')[0]}/environment.yaml"
    return {p: data for p, data in tree.items() if p == home or p.startswith(f"{folder}/")}


def _is_human(path: str) -> bool:
    return path.startswith("clusters/") and "/locks/" not in path


def _pointers(value: Any, above: Pointer = ()) -> Iterator[Pointer]:
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for part, inner in parts:
        yield (*above, part)
        if isinstance(inner, dict | list):
            yield from _pointers(inner, (*above, part))


def _changes_of(value: Any) -> Iterator[tuple[Pointer, str, Any]]:
    for pointer in _pointers(value):
        if not {*pointer[1:2]} & {*UNRENDERED} and BOUNDED not in pointer:
            for how, changed in _changed(value, pointer):
                yield pointer, how, changed


def _changed(value: Any, pointer: Pointer) -> Iterator[tuple[str, Any]]:
    """The whole document after each change of one field."""
    *above, last = pointer
    old = _at(value, pointer)
    dropped = copy.deepcopy(value)
    del _at(dropped, tuple(above))[last]
    yield "removed", dropped
    if isinstance(old, dict) and len(old) > 1:
        keys = list(old)
        turned = dict(zip(keys, [*list(old.values())[1:], old[keys[0]]], strict=True))
        yield "values exchanged", _with(value, pointer, turned)
    if isinstance(old, list) and len(old) > 1:
        yield "order changed", _with(value, pointer, old[::-1])


def _exchanges_of(
    path: str, value: Any, documents: Mapping[str, Any]
) -> Iterator[tuple[Pointer, str, Any]]:
    """Each part of a cluster's spec, and of its serving, as its neighbours have it."""
    for other, donor in documents.items():
        if other == path or other.rpartition("/")[0] != path.rpartition("/")[0]:
            continue
        for above in (("spec",), ("spec", "serving")):
            have, gives = _mapping(value, above), _mapping(donor, above)
            for key in gives:
                if have.get(key) != gives[key]:
                    changed = _with(value, above, {**have, key: gives[key]})
                    yield (*above, key), f"as {other}", changed
        taken = {**_mapping(donor, ("spec",)), **_own(value)}
        yield ("spec",), f"as {other}", _with(value, ("spec",), taken)


def _own(value: Any) -> dict[str, Any]:
    """What no two clusters may share."""
    own = ("region", "host", "hosts", "residency", "variants", "gateways")
    spec = _mapping(value, ("spec",))
    return {key: spec[key] for key in own if key in spec}


def _mapping(value: Any, pointer: Pointer) -> dict[str, Any]:
    for part in pointer:
        value = value.get(part) or {}
    return dict(value)


def _at(value: Any, pointer: Pointer) -> Any:
    for part in pointer:
        value = value[part]
    return value


def _with(value: Any, pointer: Pointer, new: Any) -> Any:
    changed = copy.deepcopy(value)
    parent = changed
    for part in pointer[:-1]:
        parent = parent.setdefault(part, {}) if isinstance(parent, dict) else parent[part]
    parent[pointer[-1]] = copy.deepcopy(new)
    return changed


_PARSED: dict[bytes, dict[str, Any]] = {}


def _objects(files: Mapping[str, bytes]) -> dict[tuple[str, ...], dict[str, Any]]:
    """The objects of manifests by what makes them the same for Kubernetes; equal ones are one."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for path, data in files.items():
        if path.endswith(".yaml"):
            if data not in _PARSED:
                _PARSED[data] = parse_manifest(data.decode())
            each = _PARSED[data]
            place = [str(each["metadata"].get(key, "")) for key in ("namespace", "name")]
            found[path.split("/")[1], str(each["kind"]), *place] = each
    return found


def _sort(before: Any, after: Any) -> str:
    """Which fields come, go or change; their values and the names of items do not matter."""
    fields = {
        (_ITEM.sub("", each.path), each.before is None, each.after is None)
        for each in field_differences({**before, "metadata": {}}, {**after, "metadata": {}})
    }
    return json.dumps([before["kind"], sorted(fields)])

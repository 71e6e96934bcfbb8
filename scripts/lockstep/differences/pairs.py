"""Which items of two lists are the same thing: by what identifies them, not by their index."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lockstep.model.document import Json, Pointer, value_at

_NAME = (("name",),)

_IDENTITY: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "ports": (*_NAME, ("containerPort", "protocol"), ("port", "protocol"), ("number",)),
    "volumeMounts": (("mountPath",),),
    "tolerations": (("key", "operator", "value", "effect"),),
    "topologySpreadConstraints": (("topologyKey",), ("topologyKey", "whenUnsatisfiable")),
    "route": (
        ("destination.subset",), ("destination.subset", "destination.host"),
        ("destination.subset", "destination.host", "destination.port.number"),
    ),
    "tcp": (("match.0.port",),),
    "destinations": (("name", "server", "namespace"),),
    "clusterResourceWhitelist": (("group", "kind"), ("group", "kind", "name")),
    "namespaceResourceWhitelist": (("group", "kind"),),
    "clusterResourceBlacklist": (("group", "kind"), ("group", "kind", "name")),
    "namespaceResourceBlacklist": (("group", "kind"),),
    "ignoreDifferences": (("group", "kind"), ("group", "kind", "name", "namespace")),
    "triggers": (*_NAME, ("type",)),
    "metrics": (("type", "resource.name"),),
    "policies": (("type",),),
    "data": (("secretKey",),),
    "waivers": (("rule", "environment", "family", "cluster"),),
}  # fmt: skip
"""What identifies an item, by the field that holds the list: the first that is unique counts."""

_SEQUENCES = frozenset({"command", "args"})
"""Lists whose items mean something together only."""

_ORDERED = frozenset({"http", "tcp"})
"""Lists whose order counts: the first route that matches a request is taken."""


class ItemPair(NamedTuple):
    """An item of a list before and after; None on the side that does not have it."""

    label: str
    before: Json
    after: Json


class Paired(NamedTuple):
    """The items of two lists; ``moved`` has the labels that both have, where their order differs
    and counts: before and after."""

    items: tuple[ItemPair, ...]
    moved: tuple[list[str], list[str]] | None = None


def pair_items(at: Pointer, before: Sequence[Json], after: Sequence[Json]) -> Paired | None:
    """The items of both lists, each with the one that it was; None for lists that count as a whole.

    ``at`` is where the lists are in their object.
    """
    field = str(at[-1]) if at else ""
    every = [*before, *after]
    if field in _SEQUENCES or any(isinstance(item, list) for item in every):
        return None
    mappings = [isinstance(item, dict) for item in every]
    if not any(mappings):
        labels = [_text(item) for item in every]
    elif not all(mappings):
        return None
    elif (found := _identified(field, before, after)) is not None:
        labels = found
    else:
        return Paired(tuple(_by_content(before, after)))
    old, new = labels[: len(before)], labels[len(before) :]
    if len({*old}) < len(old) or len({*new}) < len(new):  # scalars that are there twice
        return None
    was, now = dict(zip(old, before, strict=True)), dict(zip(new, after, strict=True))
    items = tuple(
        ItemPair(label, was.get(label), now.get(label)) for label in dict.fromkeys(labels)
    )
    return Paired(items, _moved(at, old, new))


def _moved(
    at: Pointer, before: Sequence[str], after: Sequence[str]
) -> tuple[list[str], list[str]] | None:
    """A template of pods in another order is another template: its pods start anew."""
    if not _ORDERED.intersection(at[-1:]) and "template" not in at:
        return None
    both = {*before} & {*after}
    old, new = ([each for each in labels if each in both] for labels in (before, after))
    return (old, new) if old != new else None


def _identified(field: str, before: Sequence[Json], after: Sequence[Json]) -> list[str] | None:
    """A label for each item that is unique on its side; None where nothing gives that."""
    for keys in _IDENTITY.get(field, _NAME):
        old, new = ([_label(item, keys) for item in items] for items in (before, after))
        if all(old) and all(new) and len({*old}) == len(old) and len({*new}) == len(new):
            return [*old, *new]
    return None


def _label(item: Json, keys: Iterable[str]) -> str:
    values = (value_at(item, _pointer(key)) for key in keys)
    return " ".join(_text(value) for value in values if value is not None)


def _pointer(key: str) -> Pointer:
    return tuple(int(part) if part.isdigit() else part for part in key.split("."))


def _text(value: Json) -> str:
    # A text as it is: the number 1 and the text 1 are two values of one item, not two items.
    return value if isinstance(value, str) else _content(value)


def _content(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def _by_content(before: Sequence[Json], after: Sequence[Json]) -> Iterator[ItemPair]:
    """Equal items are the same; what is left is paired in its order."""
    old, new = _without(before, after), _without(after, before)
    for place in range(max(len(old), len(new))):
        index, was = old[place] if place < len(old) else (None, None)
        at, now = new[place] if place < len(new) else (None, None)
        yield ItemPair(str(index if at is None else at), was, now)


def _without(items: Sequence[Json], others: Sequence[Json]) -> list[tuple[int, Json]]:
    """The items that the other list lacks, with their index."""
    known = Counter(map(_content, others))
    left = []
    for index, item in enumerate(items):
        key = _content(item)
        if known[key]:
            known[key] -= 1
        else:
            left.append((index, item))
    return left

"""The entries of a report about differences: what is the same in many clusters is said once."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from typing import NamedTuple

from lockstep.model.differences import ChangeType, FieldChange, FleetDiff, ObjectChange
from lockstep.model.document import Json
from lockstep.text.sanitise import cut

DANGEROUS = "Dangerous changes"
SEVERAL = "Several families"
"""The sections that come first; the others are called by their family."""

_VALUE = 160  # characters of a value
_LINES = 40
_WHERE = 10  # families or kinds of objects with the same danger
_PLACES = 5
_FAMILIES = 3  # with the same change, and it is said once for all of them
_MAIN_ROUTE = "weighted"  # the one that gets all requests that no other route takes

Part = tuple[str, bool]
"""A piece of a line, and whether it is text of a manifest, which Markdown shows as code."""

Line = tuple[Part, ...]


class DifferenceEntry(NamedTuple):
    """One entry of a report: its section, its first line, those below it.

    ``changes`` counts the changes that it stands for; ``kind`` is that of the objects whose fields
    it lists, and empty for others.
    """

    section: str
    head: Line
    lines: tuple[Line, ...]
    changes: int
    kind: str = ""


def entries_of(diff: FleetDiff) -> Iterator[DifferenceEntry]:
    """The dangers, the worst first; what many families have alike; then each family's changes."""
    yield from _dangers(diff.objects)
    owners: dict[str, list[ObjectChange]] = {}
    for each in diff.objects:
        owners.setdefault(each.owner, []).append(each)
    entries: list[DifferenceEntry] = []
    for owner, objects in sorted(owners.items()):
        entries += [*_routes(owner, objects), *_fields(owner, objects), *_whole(owner, objects)]
    alike: dict[tuple[str, tuple[Line, ...]], list[DifferenceEntry]] = {}
    for entry in entries:
        if entry.kind:
            alike.setdefault((entry.kind, entry.lines), []).append(entry)
    merged = {
        key: same
        for key, same in alike.items()
        if len({entry.section for entry in same}) > _FAMILIES
    }
    for (kind, lines), same in merged.items():
        names = list(dict.fromkeys(_code(entry.section) for entry in same))
        head = (_code(kind), _plain(" changes in "), *_joined(names[:_PLACES], len(names)))
        yield DifferenceEntry(SEVERAL, head, lines, sum(entry.changes for entry in same))
    yield from (entry for entry in entries if (entry.kind, entry.lines) not in merged)


def _dangers(objects: Iterable[ObjectChange]) -> Iterator[DifferenceEntry]:
    found: dict[tuple[int, str, str], dict[tuple[str, str], list[ObjectChange]]] = {}
    for each in objects:
        for danger in each.dangers:
            same = found.setdefault((danger.rank, danger.id, danger.text), {})
            same.setdefault((each.owner, _object(each)), []).append(each)
    # Of one kind, first what concerns most objects.
    order = sorted(found.items(), key=lambda item: (item[0][0], -_size(item[1]), item[0]))
    for (_, kind, text), owners in order:
        lines = [
            (_plain("in "), _code(owner), _plain(": "), _code(name), *_in(same))
            for (owner, name), same in sorted(owners.items())
        ]
        head = (_code(kind), _plain(": "), _code(text))
        shown = tuple(_first(lines, _WHERE, "places"))
        yield DifferenceEntry(DANGEROUS, head, shown, _size(owners))


def _size(parts: Mapping[tuple[str, str], Sized]) -> int:
    return sum(map(len, parts.values()))


def _routes(owner: str, objects: Iterable[ObjectChange]) -> Iterator[DifferenceEntry]:
    """``route us-east-1: version 3 90 → 100, version 4 10 → 0``."""
    found: dict[tuple[str, str], list[ObjectChange]] = {}
    for each in objects:
        splits: dict[str, list[str]] = {}
        for w in each.weights:
            splits.setdefault(w.route, []).append(f"version {w.version} {w.before} → {w.after}")
        for route, parts in splits.items():
            found.setdefault((route, ", ".join(parts)), []).append(each)
    for (route, split), same in found.items():
        name = () if route == _MAIN_ROUTE else (_code(route), _plain(" "))
        head = (_plain("route "), *name, *_places(same), _plain(": "), _code(split))
        yield DifferenceEntry(owner, head, (), len(same))


class _Change(NamedTuple):
    """A changed field as a report shows it; None where a side does not have it."""

    path: str
    before: str | None
    after: str | None


def _fields(owner: str, objects: Iterable[ObjectChange]) -> Iterator[DifferenceEntry]:
    """The changed fields of each purpose of objects, with those of the same clusters together."""
    kinds: dict[str, dict[_Change, list[tuple[ObjectChange, _Change]]]] = {}
    for each in objects:
        found = kinds.setdefault(_object(each), {})
        for field in each.fields:
            exact = _shown(field)
            found.setdefault(_generic(exact, each), []).append((each, exact))
    for name, changes in kinds.items():
        alike: dict[tuple[str, ...], tuple[list[ObjectChange], list[_Change]]] = {}
        for generic, of in changes.items():
            same = [each for each, _ in of]
            key = tuple(each.file for each in same)
            # What only one cluster has is shown as it is there.
            alike.setdefault(key, (same, []))[1].append(of[0][1] if len(of) == 1 else generic)
        for same, lines in alike.values():
            head = (_code(name), _plain(" changes"), *_in(same))
            shown = tuple(_first(list(map(_line, lines)), _LINES, "fields"))
            yield DifferenceEntry(owner, head, shown, len(same), same[0].kind)


def _whole(owner: str, objects: Iterable[ObjectChange]) -> Iterator[DifferenceEntry]:
    """The objects that are added or removed, together where these are in the same clusters."""
    kinds: dict[tuple[ChangeType, str], list[ObjectChange]] = {}
    for each in objects:
        if each.change is not ChangeType.CHANGED:
            kinds.setdefault((each.change, _object(each)), []).append(each)
    alike: dict[tuple[ChangeType, tuple[str, ...]], dict[str, list[ObjectChange]]] = {}
    for (change, name), same in kinds.items():
        key = (change, tuple(each.cluster for each in same))
        alike.setdefault(key, {})[name] = same
    for (change, _), names in alike.items():
        same = next(iter(names.values()))
        words = [_code(name) for name in names]
        head = (_plain(f"{change.value} "), *_joined(words[:_LINES], len(words)), *_in(same))
        yield DifferenceEntry(owner, head, (), sum(map(len, names.values())))


def _object(each: ObjectChange) -> str:
    """What it is in its cluster: ``Deployment v41``, or ``Service`` for what has its name."""
    return f"{each.kind} {each.role}" if each.role else each.kind


def _shown(field: FieldChange) -> _Change:
    before, after = (None if v is None else _value(v) for v in (field.before, field.after))
    return _Change(field.path, before, after)


def _value(value: Json) -> str:
    if isinstance(value, str) and _is_plain(value):
        return cut(value, _VALUE)
    try:
        return cut(json.dumps(value, ensure_ascii=False), _VALUE)
    except RecursionError:  # in a report that others wrote
        return "(nested too deep)"


def _is_plain(text: str) -> bool:
    """Whether a text could not be taken for a number, a list or nothing."""
    return text[:1].isalpha() and text not in ("true", "false", "null") and text == text.strip()


def _generic(change: _Change, each: ObjectChange) -> _Change:
    """The change without the names of its cluster and region, which differ everywhere."""
    names = {each.region: "<region>", each.cluster: "<cluster>"}
    # The cluster first: its name mostly ends in that of the region.
    words = "|".join(re.escape(name) for name in (each.cluster, each.region) if name)
    if not words:
        return change
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])")

    def without(text: str) -> str:
        return pattern.sub(lambda found: names[found[0]], text)

    before, after = (v if v is None else without(v) for v in (change.before, change.after))
    return _Change(without(change.path), before, after)


def _first(lines: Sequence[Line], most: int, noun: str) -> Iterator[Line]:
    """The first of some lines, and how many more there are."""
    yield from lines[:most]
    if len(lines) > most:
        yield (_plain(f"and {len(lines) - most:,} more {noun}"),)


def _line(change: _Change) -> Line:
    path, before, after = change
    if before is not None and after is not None:
        return (_code(path), _plain(": "), _code(before), _plain(" → "), _code(after))
    if after is not None:
        return (_code(path), _plain(": added "), _code(after))
    # A report that others wrote may have neither.
    return (_code(path), _plain(": removed "), _code(before or ""))


def _in(objects: Sequence[ObjectChange]) -> Line:
    places = _places(objects)
    return (_plain(" in "), *places) if places else ()


def _places(objects: Sequence[ObjectChange]) -> Line:
    """The regions of objects, by name where these are few; a cluster where its region is shared."""
    by_region: dict[str, set[str]] = {}
    for each in objects:
        by_region.setdefault(each.place, set()).add(each.cluster)
    names: list[str] = []
    for region, clusters in sorted(by_region.items()):
        names += sorted(clusters) if len(clusters) > 1 else filter(None, [region])
    return _joined([_code(name) for name in names[:_PLACES]], len(names))


def _joined(parts: Sequence[Part], count: int) -> Line:
    """``a, b and c``, or ``a, b and 7 more`` where there are more than the parts."""
    more = count - len(parts)
    shown = [*parts, *([_plain(f"{more:,} more")] if more > 0 else [])]
    line: list[Part] = []
    for index, part in enumerate(shown):
        if index:
            line.append(_plain(" and " if index == len(shown) - 1 else ", "))
        line.append(part)
    return tuple(line)


def _code(text: str) -> Part:
    return text, True


def _plain(text: str) -> Part:
    return text, False

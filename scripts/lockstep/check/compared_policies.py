"""What of the rules, their data, the templates and the settings differs between two trees."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lockstep.check.change import SHARED
from lockstep.check.scope import TreeIds
from lockstep.differences.dangers.delivery import SETTINGS_KIND
from lockstep.differences.dangers.rules import DATA, RULE
from lockstep.differences.folders import ComparedFolder, ObjectId
from lockstep.edges.git.trees import FileId
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.paths import SETTINGS
from lockstep.spec.yaml.load import load_yaml

_POLICIES = "policies/"
_THRESHOLDS = "thresholds.yaml"
_SHOWN = 12  # characters of an object id: it says that a file differs, not how


class _Part(NamedTuple):
    """What a file is a part of: the object, and whether its fields are compared."""

    id: ObjectId
    path: str
    has_fields: bool


def compared_policies(before: TreeIds, head: TreeIds) -> tuple[ComparedFolder, list[Finding]]:
    """What differs outside of clusters/, ledger/ and rendered/; only files that differ are read.

    Data, thresholds and settings are compared field by field; of rules and templates it is said
    which of their files differ. Findings are about files of the head that cannot be read.
    """
    was, now = (_files(side) for side in (before, head))
    differ = {path for path in {*was, *now} if was.get(path) != now.get(path)}
    findings: list[Finding] = []
    old = _objects(before, was, differ, [])
    new = _objects(head, now, differ, findings)
    names = {part.path: part.id for part in map(_part, differ)}
    return ComparedFolder(before=old, after=new, names=names), findings


def _files(side: TreeIds) -> Mapping[str, FileId]:
    known = [path for path in SHARED if path in side.others]
    return side.git.file_ids(side.tree, known) if known else {}


def _objects(
    side: TreeIds, files: Mapping[str, FileId], differ: Iterable[str], findings: list[Finding]
) -> dict[str, Json]:
    """The objects of one side by path: documents, and for code the ids of all of its files."""
    parts = {path: _part(path) for path in sorted(differ)}
    documents = {p: files[p] for p, part in parts.items() if part.has_fields and p in files}
    found: dict[str, Json] = {}
    for path, data in side.git.read_files(documents, links=True).items():
        document, wrong = load_yaml(path, data)
        if document is not None and isinstance(document.value, dict):
            found[path] = document.value
        else:
            findings += wrong
            found[path] = {}
    folders = {part.path for part in parts.values() if not part.has_fields}
    for path, (_, oid) in files.items():
        part = _part(path)
        if not part.has_fields and part.path in folders:
            name = path.removeprefix(f"{part.path}/")
            found.setdefault(part.path, {})[name] = f"git:{oid[:_SHOWN]}"
    return found


def _part(path: str) -> _Part:
    kind, name, whole, has_fields = _named(path)
    return _Part(ObjectId("", kind, "", name), whole, has_fields)


def _named(path: str) -> tuple[str, str, str, bool]:
    """The kind and the name of what a file is a part of, its path, and whether it has fields."""
    if path == SETTINGS:
        return SETTINGS_KIND, path, path, True
    parts = path.split("/")
    whole = "/".join(parts[:3]) if parts[1:2] == ["rules"] else "/".join(parts[:2])
    yaml = path.endswith((".yaml", ".yml"))
    if path.startswith(f"{_POLICIES}data/") and yaml:
        return DATA, path.removeprefix(_POLICIES), path, True
    if parts[-1] == _THRESHOLDS and parts[1:2] == ["rules"]:
        return DATA, path.removeprefix(_POLICIES), path, True
    if path.startswith(f"{_POLICIES}rules/"):
        return RULE, "".join(parts[2:3]), whole, False
    kind = "PolicyCode" if path.startswith(_POLICIES) else "Template"
    return kind, "".join(parts[1:2]), whole, False

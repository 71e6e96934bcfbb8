"""Changes of committed manifests that Kubernetes refuses: the sync would fail, and the rest wait.

Whoever causes them: a template, another version of the program, a spec. The specs cannot by
themselves, because all that Kubernetes keeps for an object's life is a part of its name.
"""

from collections.abc import Collection, Iterator, Mapping

from lockstep.check.scope import TreeIds
from lockstep.differences.dangers.immutable import IMMUTABLE, immutable_fields, refusal
from lockstep.differences.folders import ComparedFolder, ComparedObject
from lockstep.edges.git.trees import FileId
from lockstep.edges.stderr import silenced_stderr
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import NoFile, Tree
from lockstep.render.parse import Unreadable, read_manifest

RULE = "render.immutable"

_KINDS = tuple(kind.lower() for kind, fields in IMMUTABLE.items() if fields)
"""What the names of files begin with whose objects have fields that never change."""


def unappliable_changes(before: TreeIds, head: TreeIds) -> list[Finding]:
    """The fields of objects that stay, and that Kubernetes refuses to change.

    Only files that differ are read, of folders that differ.
    """
    folders = [
        path for path, each in head.rendered.items() if before.rendered.get(path, each) != each
    ]
    if not folders:
        return []
    was, now = _ids(before, folders), _ids(head, folders)
    changed = {path for path in was.keys() & now.keys() if was[path] != now[path]}
    if not changed:
        return []
    files = [
        side.git.read_files({path: ids[path] for path in changed}, links=True)
        for side, ids in ((before, was), (head, now))
    ]
    with silenced_stderr():
        objects = [_objects(each) for each in files]
    folder = ComparedFolder(before=objects[0], after=objects[1])
    return [*_findings(folder.objects, files[1])]


def _ids(side: TreeIds, folders: Collection[str]) -> Mapping[str, FileId]:
    """The ids of the files in these folders whose objects may have such fields."""
    found = side.git.file_ids(side.tree, sorted(folders))
    return {p: each for p, each in found.items() if p.rpartition("/")[2].startswith(_KINDS)}


def _objects(files: Tree) -> dict[str, Json]:
    """The objects by path; what cannot be read is not as rendered, which is a finding already."""
    found = {}
    for path, data in files.items():
        if not isinstance(data, NoFile):
            try:
                found[path] = read_manifest(data)
            except Unreadable:
                continue
    return found


def _findings(objects: Collection[ComparedObject], files: Tree) -> Iterator[Finding]:
    for each in objects:
        if fields := immutable_fields(each):
            yield Finding(
                each.file, _line_of(files[each.file], fields[0]), 1, RULE,
                f"{refusal(each.id.kind, fields)}, so the sync of {each.id.name} would fail",
                "undo this part of the change; a cluster with another name gets objects of its own",
            )  # fmt: skip


def _line_of(data: bytes, field: str) -> int:
    """The line of a field in a rendered file; the first one where it has gone."""
    name = field.rpartition(".")[2].encode()
    lines = enumerate(data.splitlines(), 1)
    return next((n for n, line in lines if line.strip().startswith(name + b":")), 1)

"""Attributes of git that convert what it stores: other clones would not get what people wrote."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from lockstep.edges.files import TOO_LARGE
from lockstep.edges.git import Git
from lockstep.edges.git.attributes import ATTRIBUTES
from lockstep.model.finding import Finding, Severity
from lockstep.text.sanitise import one_line

_CONVERTING = ("working-tree-encoding", "filter", "ident", "eol")

# Where no attribute file sets one of them, no path has one: then git is not asked about any.
_SET = re.compile(rb"(?:^|\s)(?:working-tree-encoding|filter|ident|eol=crlf)(?:[=\s]|$)", re.M)
_MACRO = "[attr]"
_RULE = "git.attribute"

_EOL_TEXT = "check-outs have line endings of Windows, and what git stores has not"
_EOL_FIX = "remove eol=crlf: each user's core.autocrlf decides about the line endings of check-outs"


class _Line(NamedTuple):
    """A line of an attribute file: what it sets, and for which names."""

    file: str
    number: int
    pattern: str
    words: frozenset[str]


def attribute_findings(git: Git, tree_id: str, folders: Sequence[str]) -> list[Finding]:
    """A finding for each attribute that converts one of the files of a tree below ``folders``.

    An error where the stored bytes are not those that people see, a warning where only the line
    endings of check-outs differ. Raises LockstepError where git does not say.
    """
    files = git.attribute_files(tree_id, git.files_named(ATTRIBUTES, tree_id, folders))
    if not any(map(_may_convert, (*files.values(), git.local_attributes()))):
        return []
    known = git.file_ids(tree_id, folders)
    lines = [line for file, data in files.items() for line in _lines(file, data)]
    applied: dict[tuple[str, int, str, str], list[str]] = {}
    for path, name, value in git.attributes_of(files, tree_id, known, _CONVERTING):
        if not _is_harmless(name, value):
            line = _origin(lines, path, name, value)
            # Without a line in the tree, a file of this clone alone sets it.
            place = (line.file, line.number) if line else (path, 1)
            applied.setdefault((*place, name, value), []).append(path)
    return [_finding(*key, converted) for key, converted in sorted(applied.items())]


def _may_convert(data: bytes) -> bool:
    # git reads attributes from larger files than Lockstep does.
    return data is TOO_LARGE or _SET.search(data) is not None


def _lines(file: str, data: bytes) -> Iterator[_Line]:
    for number, text in enumerate(data.decode(errors="replace").split("\n"), 1):
        words = text.split()
        if words and not words[0].startswith("#"):
            yield _Line(file, number, words[0].strip('"'), frozenset(words[1:]))


def _is_harmless(name: str, value: str) -> bool:
    if name == "eol":
        return value != "crlf"
    return name == "working-tree-encoding" and value.lower().replace("-", "") == "utf8"


def _origin(lines: list[_Line], path: str, name: str, value: str) -> _Line | None:
    """The line that most likely sets an attribute of a path: the last one for it, as in git."""
    words = {name if value == "set" else f"{name}={value}"}
    macros = [line for line in lines if line.pattern.startswith(_MACRO)]
    for _ in macros:  # one macro may use another
        words |= {line.pattern.removeprefix(_MACRO) for line in macros if line.words & words}
    setting = [
        line
        for line in lines
        if line.words & words and not line.pattern.startswith(_MACRO) and _is_above(line, path)
    ]
    matching = [line for line in setting if _matches(line, path)] or setting
    return matching[-1] if matching else None


def _is_above(line: _Line, path: str) -> bool:
    folder = line.file.removesuffix(ATTRIBUTES)
    return folder.startswith("../") or path.startswith(folder)


def _matches(line: _Line, path: str) -> bool:
    inside = path.removeprefix(line.file.removesuffix(ATTRIBUTES))
    # Approximate: git has answered already whether it applies, and this only chooses the line.
    pattern = line.pattern.lstrip("/").replace("**/", "*")
    name = inside if "/" in line.pattern else inside.rsplit("/", 1)[-1]
    return fnmatchcase(name, pattern)


def _finding(file: str, line: int, name: str, value: str, paths: list[str]) -> Finding:
    attribute = name if value == "set" else f"{name}={value}"
    more = f" and {len(paths) - 1} more" if paths[1:] else ""
    here = "" if file.endswith(ATTRIBUTES) else " by an attribute file of this clone or user"
    text = f"{one_line(f'{attribute} is set for {paths[0]}{more}{here}', 300)}: "
    if name == "eol":
        finding = Finding(file, line, 1, _RULE, text + _EOL_TEXT, _EOL_FIX)
        return replace(finding, severity=Severity.WARNING)
    text += "git stores other bytes than the file has"
    fix = f"remove the attribute, or write -{name} in a later line for the folders of Lockstep"
    return Finding(file, line, 1, _RULE, text, fix)

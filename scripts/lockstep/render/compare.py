"""Whether ``rendered/`` holds what the specs declare: nothing missing, different or left over."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import takewhile, zip_longest

from lockstep.model.finding import Finding
from lockstep.model.fleet import NoFile, Tree
from lockstep.render.provenance import FILE_NAME
from lockstep.render.restored import Restorable, keep_restored
from lockstep.text.sanitise import quoted

ROOT = "rendered/"
_FIX = "lockstep render"
_NAME = re.compile(r"\s*(\"[^\"]+\"):")
_NEW = "this folder is missing"
_GONE = "this folder is not rendered any more"


def compare(
    rendered: Mapping[str, bytes],
    committed: Tree,
    *,
    restorable: Restorable | None = None,
    unrendered: Collection[str] = (),
) -> list[Finding]:
    """A finding for each file that is missing, different or stale in ``committed``, or each folder.

    ``restorable`` is what ``restorable_folders`` says; without it every folder must be as
    rendered now. ``unrendered`` are folders that could not be rendered and are not compared.
    """
    # Restored bytes differ from today's rendering on purpose, as a record says.
    expected = keep_restored(rendered, committed, restorable or {})
    findings = [
        finding
        for path, data in expected.items()
        if (finding := _compare_file(path, data, committed.get(path))) is not None
    ]
    findings += [
        _finding(path, 1, "render.stale", "this file is not rendered any more")
        for path in stale_paths(expected, committed, unrendered=unrendered)
        if not isinstance(committed[path], NoFile)
    ]
    return sorted(_by_folder(_without_echo(findings), expected, committed))


def stale_paths(
    rendered: Mapping[str, bytes], committed: Tree, *, unrendered: Collection[str] = ()
) -> list[str]:
    """The committed paths under ``rendered/`` that are not rendered any more, in order."""
    kept = frozenset(unrendered)
    return sorted(
        path
        for path in committed
        if path.startswith(ROOT) and path not in rendered and kept.isdisjoint(_folders_of(path))
    )


def _compare_file(path: str, expected: bytes, found: bytes | None) -> Finding | None:
    if isinstance(found, NoFile):
        return None  # reported where the tree was read
    if found is None:
        return _finding(path, 1, "render.missing", "this file is missing")
    if found == expected:
        return None
    line, column, message = _first_difference(expected, found)
    wanted = "".join(_lines(expected)[line - 1 : line])  # none where only more lines are found
    # That only PROVENANCE differs needs its own words: people look for a change of manifests.
    if path.endswith("/" + FILE_NAME) and (name := _NAME.match(wanted)):
        message = f"{name[1]} differs from that rendered now; the manifests are the same"
    return _finding(path, line, "render.different", message, column)


def _first_difference(expected: bytes, found: bytes) -> tuple[int, int, str]:
    pairs = zip_longest(_lines(expected), _lines(found))
    for number, (wanted, there) in enumerate(pairs, 1):
        if wanted != there:
            # Spaces around a line are noise, unless they are all that differs.
            only_spaces = (wanted or "").strip() == (there or "").strip()
            texts = [_show(line, whole=only_spaces) for line in (wanted, there)]
            message = f"rendered now: {texts[0]}; here: {texts[1]}"
            return number, 1 + _common(wanted or "", there or ""), message
    if expected == found + b"\n":
        return len(_lines(found)), 1, "the line break at the end of the file is missing"
    return 1, 1, "the bytes differ from those rendered now, in their encoding"


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _lines(data: bytes) -> list[str]:
    # Committed bytes can be anything. Not splitlines, which knows more line breaks than editors.
    return data.decode(errors="replace").removesuffix("\n").split("\n") if data else []


def _show(line: str | None, *, whole: bool = False) -> str:
    if line is None:
        return "no such line"
    return quoted(line if whole else line.strip(), 120) if line else "an empty line"


def _finding(path: str, line: int, rule: str, message: str, column: int = 1) -> Finding:
    return Finding(path, line, column, rule, message, _FIX)


def _without_echo(findings: list[Finding]) -> list[Finding]:
    """PROVENANCE differs whenever another file of its folder does; alone it says something new."""
    others = {_folder(f.file) for f in findings if not f.file.endswith("/" + FILE_NAME)}
    return [
        f for f in findings
        if not (
            f.rule == "render.different"
            and f.file.endswith("/" + FILE_NAME)
            and _folder(f.file) in others
        )
    ]  # fmt: skip


def _by_folder(
    findings: Iterable[Finding], expected: Mapping[str, bytes], committed: Tree
) -> Iterator[Finding]:
    """A folder that is missing or stale as a whole is one mistake, reported at its PROVENANCE."""
    wanted, there = Counter(map(_folder, expected)), Counter(map(_folder, committed))
    for finding in findings:
        folder = _folder(finding.file)
        provenance = f"{folder}/{FILE_NAME}"
        both = folder in wanted and folder in there
        if both or (provenance not in expected and provenance not in committed):
            yield finding
        elif finding.file == provenance:
            text = _GONE if folder in there else _NEW
            yield replace(finding, message=f"{text}, with {wanted[folder] or there[folder]} files")


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _folders_of(path: str) -> Iterator[str]:
    """All folders that a file is below."""
    while path := _folder(path):
        yield path

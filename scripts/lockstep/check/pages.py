"""Pages of docs/ that are written from rules, schemas and tables: written, or only compared."""

from collections.abc import Mapping
from pathlib import Path

from lockstep.check.workspace import files_at
from lockstep.edges.files import write_changes
from lockstep.model.file_results import Pages
from lockstep.model.finding import Finding


def write_pages(
    root: Path, pages: Mapping[str, str], *, compare: bool, rule: str, fix: str
) -> Pages:
    """Write those of ``pages`` (by path) that are out of date; with ``compare`` report them.

    ``rule`` and ``fix`` are those of the findings.
    """
    texts = {path: text.encode() for path, text in pages.items()}
    there = files_at(root, ["docs"])
    stale = {path: text for path, text in texts.items() if there.get(path) != text}
    if compare:
        wrong = (_stale(path, there.get(path), text, rule, fix) for path, text in stale.items())
        return Pages(tuple(texts), findings=tuple(wrong))
    if stale:
        write_changes(root, stale)
    return Pages(tuple(texts), tuple(stale))


def _stale(path: str, there: bytes | None, text: bytes, rule: str, fix: str) -> Finding:
    """The finding for a page that is out of date, at the first line that differs."""
    old, new = (there or b"").splitlines(), text.splitlines()
    same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    says = "is missing" if there is None else "is out of date"
    line = max(1, min(same + 1, len(old)))
    return Finding(path, line, 1, rule, f"the reference {says}", fix)

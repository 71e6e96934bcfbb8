"""The source lines that findings point at."""

from collections.abc import Iterable

from lockstep.model.finding import Finding
from lockstep.model.tree import NoFile, Tree
from lockstep.text.sanitise import without_credentials


def excerpts(findings: Iterable[Finding], tree: Tree) -> dict[tuple[str, int], str]:
    """The lines that findings point at, by file and line; lines that are not there are left out."""
    wanted: dict[str, set[int]] = {}
    for finding in findings:
        wanted.setdefault(finding.file, set()).add(finding.line)
    lines: dict[tuple[str, int], str] = {}
    for file, numbers in wanted.items():
        data = tree.get(file, b"")
        # Bytes are split at line feeds and carriage returns only, as YAML counts lines; text
        # would be split at other characters, too.
        text = [] if isinstance(data, NoFile) else data.splitlines()
        lines |= {
            (file, n): without_credentials(text[n - 1].decode(errors="replace"))
            for n in sorted(numbers)
            if n <= len(text)
        }
    return lines

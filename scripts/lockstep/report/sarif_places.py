"""Places in files as SARIF says them: percent-encoded paths, regions with their text."""

from urllib.parse import quote

from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.text.sanitise import one_line

ROOT = "%SRCROOT%"
"""The base of every path: the root of the repository, wherever that is checked out."""

RELATED = 99
"""Related locations of a result; GitHub keeps 100 locations, the result's own among them."""

_SNIPPET = 1_000
"""Characters of a region; a region that ends there says so by its last column."""


def location(file: str, line: int, column: int, excerpt: str | None = None) -> Json:
    """A place in a file: to the end of the line where ``excerpt`` is that line."""
    region: dict[str, Json] = {"startLine": max(line, 1), "startColumn": max(column, 1)}
    text = (excerpt or "").rstrip()[region["startColumn"] - 1 :][:_SNIPPET]
    if text:
        region["endLine"] = region["startLine"]
        region["endColumn"] = region["startColumn"] + len(text)
        region["snippet"] = {"text": one_line(text)}
    return {"physicalLocation": {"artifactLocation": _artifact(file), "region": region}}


def related_locations(finding: Finding) -> tuple[list[Json], int]:
    """The first related places with ids from 1 on, and how many are left out."""
    kept = finding.related[:RELATED]
    places = [
        {
            **location(place.file, place.line, place.column),
            "id": number,
            "message": {"text": plain(place.note) or "related"},
        }
        for number, place in enumerate(kept, 1)
    ]
    return places, len(finding.related) - len(kept)


def _artifact(file: str) -> Json:
    """A relative reference: no name can turn it into another scheme, host or absolute path."""
    path = quote(file.lstrip("/").encode("utf-8", "backslashreplace"), safe="/")
    return {"uri": path or ".", "uriBaseId": ROOT}


def plain(text: str) -> str:
    """Text without meaning in a SARIF message: no embedded link, no placeholder."""
    shown = one_line(text).replace("{", "{{").replace("}", "}}")
    return shown.replace("](", "] (")

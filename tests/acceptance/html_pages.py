"""Pages of HTML as a test reads them: what is well-formed, what they load, what their text says."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_EMPTY = frozenset(("meta", "link", "br", "input"))
_WITHIN = frozenset(("bdi", "code", "strong", "span", "time", "a"))
"""Elements within a line: what follows them is no word of its own."""

_DRAWING = frozenset(("rect", "line", "circle"))
"""Elements of SVG, which may close themselves."""


class Page(HTMLParser):
    """One page. ``problems`` are elements that are not closed in order, and ids that come twice."""

    def __init__(self, file: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.file = file
        self.problems: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self._words: list[str] = []
        self._ids: set[str] = set()
        self.source = file.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        self.problems += [f"{each} is not closed" for each in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if len(values) < len(attrs):
            self.problems.append(f"{tag} has an attribute twice")
        self.elements.append((tag, values))
        if (name := values.get("id")) is not None:
            if name in self._ids:
                self.problems.append(f"the id {name} comes twice")
            self._ids.add(name)
        if tag in _EMPTY:
            self._words.append(" ")
        else:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _DRAWING:
            self.problems.append(f"{tag} closes itself")
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"</{tag}> closes another element")
        self._words.append("" if tag in _WITHIN else " ")

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in ("style", "script"):
            self._words.append(data)

    @property
    def text(self) -> str:
        """What a reader sees, each run of white space as one space."""
        return " ".join("".join(self._words).split())

    def values(self, attribute: str) -> Iterator[str]:
        """The values of an attribute, whatever element has it."""
        return (values[attribute] for _, values in self.elements if attribute in values)

    def broken_links(self) -> list[str]:
        """Links that lead to no file, or to no place on the page."""
        return [link for link in self.values("href") if not self._leads_somewhere(link)]

    def _leads_somewhere(self, link: str) -> bool:
        if link == "data:,":  # the icon, so that no browser asks a server for one
            return True
        path, _, place = link.partition("#")
        if not path:
            return place in self._ids
        return (self.file.parent / path).is_file()


def pages_of(folder: Path) -> dict[str, Page]:
    """Every page of a folder by its path."""
    return {str(file.relative_to(folder)): Page(file) for file in sorted(folder.rglob("*.html"))}


def is_contrasting(text: str, back: str) -> bool:
    """Whether two colours (``#rrggbb``) differ by what WCAG 2 asks of small text: 4.5 to 1."""
    bright, dark = sorted((_luminance(text), _luminance(back)), reverse=True)
    return (bright + 0.05) / (dark + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    parts = (int(each, 16) / 255 for each in re.findall("[0-9a-f]{2}", colour))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

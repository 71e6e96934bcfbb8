"""The worked examples of the documentation: the files that they write, and their commands."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "docs/how-to/own-rules.md", ROOT / "docs/explanation/architecture.md")

_PARTS = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+)`")


@dataclass(frozen=True)
class WorkedExample:
    """One example: files by path, edits (path and a diff without line numbers), and commands."""

    title: str
    files: Mapping[str, str]
    edits: Sequence[tuple[str, str]]
    commands: str

    def apply(self, root: Path) -> None:
        """Write its files and make its edits below ``root``."""
        for path, text in self.files.items():
            target = root / path
            assert not target.exists(), f"{path} exists already"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        for path, diff in self.edits:
            target = root / path
            target.write_text(patched(target.read_text(), diff))


def patched(text: str, diff: str) -> str:
    """``text`` with a diff applied whose context is in it exactly once."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    assert text.count(before) == 1, f"{text.count(before)} times in the file:\n{before}"
    return text.replace(before, after)


def all_examples() -> list[WorkedExample]:
    """The examples of all pages."""
    return [example for page in PAGES for example in worked_examples(page.read_text())]


def worked_examples(page: str) -> list[WorkedExample]:
    """The examples of a page, in the sections of 'Worked examples'.

    A block in ``sh`` holds commands. Every other block is a file (an edit, in ``diff``); its path
    is the first one that the paragraph before it names.
    """
    chapter = page.split("\n## Worked examples\n", 1)[1].split("\n## ", 1)[0]
    return [_example(section) for section in chapter.split("\n### ")[1:]]


def _example(section: str) -> WorkedExample:
    title, _, body = section.partition("\n")
    files, edits, commands = dict[str, str](), list[tuple[str, str]](), ""
    end = 0
    for block in _PARTS.finditer(body):
        language, text = block[1], block[2]
        paragraph = body[end : block.start()].strip().split("\n\n")[-1]
        end = block.end()
        if language == "sh":
            commands += text
            continue
        path = _PATH.search(paragraph)
        assert path, f"no path before the block that begins with {text.splitlines()[0]!r}"
        if language == "diff":
            edits.append((path[1], text))
        else:
            files[path[1]] = text
    return WorkedExample(title, files, edits, commands)

"""The pages of the documentation, their blocks of code, and what comments say about these.

A comment before a block, or before the first of several, says where their commands are run:

    <!-- run in: new fleet -->      these and all further ones, in that place (see doc_places.py)
    <!-- run by: tests/x.py -->     the next one, which that test runs
    <!-- not run: a reason -->      the next one, which cannot be run here
    <!-- file: train.py -->         the next one is a file, which the commands after it use
    <!-- edit: family.yaml -->      the next one is a diff, made in that file with an editor
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = [README, *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = ("sh", "console", "bash", "shell")

# A directive has an argument after its name.
FENCE = re.compile(r"^```([\w{}]*)[^\n`]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PART = re.compile(
    r"^<!-- (?P<key>run in|run by|not run|file|edit): (?P<value>[^>]+) -->$"
    r"|^```(?P<language>[\w{}]*)[^\n`]*\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of code with what the comments before it say."""

    page: Path
    language: str
    text: str
    place: str = ""
    run_by: str = ""
    not_run: str = ""
    file: str = ""
    edit: str = ""

    @property
    def has_commands(self) -> bool:
        """Whether these are commands for a shell, and not the content of a file."""
        return self.language in COMMANDS and not self.file

    @property
    def is_run(self) -> bool:
        """Whether the commands and files of a place include it."""
        is_part = self.has_commands or bool(self.file or self.edit)
        return bool(self.place) and is_part and not (self.run_by or self.not_run)


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page in their order."""
    place, marks = "", dict[str, str]()
    for part in _PART.finditer(page.read_text()):
        if part["key"] == "run in":
            place = part["value"]
        elif part["key"]:
            marks[part["key"].replace(" ", "_")] = part["value"]
        elif part["language"] is not None:
            yield Block(page, part["language"], part["body"], place, **marks)
            marks = {}


def name_of(page: Path) -> str:
    """The page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str, language: str) -> list[str]:
    """The blocks of one language in a text."""
    return [body for name, body in FENCE.findall(text) if name == language]


def section(text: str, heading: str) -> str:
    """What is below a heading of the second level."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]

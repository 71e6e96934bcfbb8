"""The commands of the documentation are run, each page in a place of its own."""

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pytest

from tests.acceptance.doc_pages import DOCS, ROOT, Block, blocks_of, name_of
from tests.acceptance.doc_places import REGISTRY, Places
from tests.acceptance.doc_runs import differences, steps_of
from tests.acceptance.warm_program import warm_program

BLOCKS = [block for page in DOCS for block in blocks_of(page)]
RUNS = [
    list(group)
    for _, group in groupby(
        (block for block in BLOCKS if block.is_run), lambda block: (block.page, block.place)
    )
]


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return Places(tmp_path_factory.mktemp("places"))


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for PATH with the program."""
    with warm_program(tmp_path_factory.mktemp("program")) as folder:
        yield folder


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{name_of(run[0].page)}: {run[0].place}")
def test_the_commands_of_a_page_do_what_it_says(
    run: Sequence[Block], places: Places, program: Path, tmp_path: Path
) -> None:
    place = places.make(run[0].place, tmp_path)
    steps = [
        (command.replace(REGISTRY, place.registry), quoted) for command, quoted in steps_of(run)
    ]
    path = os.pathsep.join((str(program), str(Path(sys.executable).parent), os.environ["PATH"]))
    more = {**place.variables, "PATH": path, "LOCKSTEP_CACHE": str(program.parent / "cache")}
    found = "\n".join(differences(steps, place.fleet, more))
    assert not found, found


def test_every_command_is_run_or_says_why_not() -> None:
    silent = [
        f"{name_of(block.page)}: {block.text.splitlines()[0]}"
        for block in BLOCKS
        if block.has_commands and not (block.is_run or block.run_by or block.not_run)
    ]
    assert silent == []
    assert all(len(block.not_run.split()) > 3 for block in BLOCKS if block.not_run)


def test_a_test_that_is_said_to_run_a_block_names_its_page() -> None:
    named = {(block.run_by, block.page.name) for block in BLOCKS if block.run_by}
    assert [(test, page) for test, page in named if page not in (ROOT / test).read_text()] == []


def test_output_that_is_quoted_wrongly_is_found(tmp_path: Path) -> None:
    right = "$ printf 'a\\nb\\nc 7\\n'\na\n…\nc …\n$ false\n$ echo $?\n1\n$ echo \\\n> b\nb\n"
    page = tmp_path / "page.md"

    def found(language: str, text: str) -> list[str]:
        page.write_text(f"<!-- run in: x -->\n```{language}\n{text}```\n")
        return list(differences(list(steps_of(list(blocks_of(page)))), tmp_path))

    assert not found("console", right)
    wrong = "$ echo a\nb\n$ echo silent\n$ true\nsomething\n$ printf 'a\\nb\\n'\na\n"
    assert len(found("console", wrong)) == 4
    assert not found("sh", "true\ncd /\nfalse || true\n")
    assert found("sh", "echo first\nfalse\ntrue\n") == [
        "this fails:\nset -e\necho first\nfalse\ntrue\nset +e\nand prints\nfirst\n---failed---\n"
    ]

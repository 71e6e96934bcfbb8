"""``examples/`` is what ``lockstep init --pipeline`` writes for the reference fleet."""

import pytest

from lockstep.scaffold.requests import PIPELINES
from tests.pipelines import examples


def test_the_examples_are_what_init_writes_for_the_reference_fleet() -> None:
    assert examples.found() == examples.wanted(), "run python -m tests.pipelines.examples"


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_has_files_and_the_page_shows_each(name: str) -> None:
    mine = [path for path in examples.wanted() if path.startswith(f"pipelines/{name}/")]
    pages = "".join(page.read_text() for page in (examples.ROOT / "docs/how-to").glob("*.md"))
    assert mine and all(f"examples/{path}\n" in pages for path in mine)

"""docs/reference/rollout.md says what the table of transitions says."""

from pathlib import Path

from lockstep.model.decision import Action, Phase
from lockstep.rollout.diagram import rollout_reference

PAGE = Path(__file__).parents[3] / "docs/reference/rollout.md"


def test_the_page_is_what_the_table_gives() -> None:
    assert PAGE.read_text() == rollout_reference(), (
        "docs/reference/rollout.md is old: run lockstep schema docs"
    )


def test_every_phase_and_every_action_is_described() -> None:
    rows = [line for line in rollout_reference().splitlines() if line.startswith("| `")]
    assert {row.split("`")[1] for row in rows} == {each.value for each in (*Phase, *Action)}

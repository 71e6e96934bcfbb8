"""Reviews of real changes: what the comment on each kind of pull request says.

After an intended change: ``LOCKSTEP_WRITE_REVIEWS=1 pytest tests/acceptance/test_review.py``, and
read the diff of tests/acceptance/reviews/.
"""

import json
import os
from pathlib import Path

import pytest

from tests.acceptance.review_changes import CHANGES, break_it, review
from tests.acceptance.rollouts import EU
from tests.acceptance.world import World

EXAMPLES = Path(__file__).resolve().parent / "reviews"


@pytest.mark.parametrize("name", CHANGES)
def test_the_comment_on_a_change_is_the_example(name: str, world: World) -> None:
    CHANGES[name](world)
    code, said = review(world, "--format", "markdown")
    assert code == 0, said
    example = EXAMPLES / f"{name}.md"
    if os.environ.get("LOCKSTEP_WRITE_REVIEWS"):
        example.write_text(said)
    assert said == example.read_text()


def test_text_and_json_say_the_same_and_files_are_written(world: World, tmp_path: Path) -> None:
    break_it(world)
    files = {name: tmp_path / name for name in ("json", "markdown")}
    code, said = review(world, *(f"--report={name}={path}" for name, path in files.items()))
    assert code == 0
    assert said.startswith("Lockstep blocks this change: 5 errors")
    assert f"{EU}:12:5: error policy.weights-sum" in said
    assert "prod/scoring (owner: credit-ml@example.com): steady → diverged (steady)" in said
    data = json.loads(files["json"].read_text())
    assert [each["name"] for each in data["families"]] == ["scoring"]
    assert {each["rule"] for each in data["findings"]} >= {"policy.weights-sum"}
    assert files["markdown"].read_text() == (EXAMPLES / "bad.md").read_text()

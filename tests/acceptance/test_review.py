"""Reviews of real changes: what the comment on each kind of pull request says.

After an intended change: ``LOCKSTEP_WRITE_REVIEWS=1 pytest tests/acceptance/test_review.py``, and
read the diff of tests/acceptance/reviews/.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

from lockstep.edges.strict_json import decode
from lockstep.model.finding import Severity
from lockstep.model.outcome import Outcome
from lockstep.model.review import LARGEST, PartChange, Review
from lockstep.report.json_report import format_outcome
from tests.acceptance.review_changes import CHANGES, break_it, commit, edit, review
from tests.acceptance.rollouts import EU, HEAD
from tests.acceptance.world import World
from tests.unit.report.outcomes import many

ROOT = Path(__file__).resolve().parents[2]
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
    assert [each["name"] for each in data["items"]] == ["scoring"]
    assert {each["rule"] for each in data["findings"]} >= {"policy.weights-sum"}
    assert files["markdown"].read_text() == (EXAMPLES / "bad.md").read_text()


def test_the_how_to_page_shows_the_comment_on_a_proposal() -> None:
    page = (ROOT / "docs/how-to/review-a-pull-request.md").read_text()
    _, _, shown = (EXAMPLES / "proposal.md").read_text().partition("\n")
    assert shown.strip() in page


def reviewed(world: World, *arguments: str) -> Review:
    """The review of the clone's change, as comment reads it."""
    path = world.folder / "review.json"
    code, said = review(world, "--report", f"json={path}", *arguments)
    assert code == 0, said
    assert path.stat().st_size <= LARGEST
    return Review.from_json(decode(path.read_bytes()))


def test_a_family_that_cannot_be_read_and_one_that_goes_are_shown(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "change")
    edit(world, HEAD, lambda text: text.replace("rollout:", "rolout:"))
    (broken,) = reviewed(world).families
    assert (broken.before, broken.after) == ("steady", "cannot be read")
    assert broken.follows is None and broken.clusters == ()
    assert broken.problem.startswith(f"{HEAD}:") and "rolout" in broken.problem
    shutil.rmtree(world.clone / HEAD.rpartition("/")[0])
    (gone,) = reviewed(world).families
    assert (gone.change, gone.problem) == (PartChange.REMOVED, "")
    assert [each.change for each in gone.clusters] == [PartChange.REMOVED] * 2
    assert gone.owner == "credit-ml@example.com"


def test_what_cannot_be_worked_out_is_named_beside_what_the_check_says(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "change")
    edit(world, EU, lambda text: text.replace("weight: 100", "weight: 90"))
    commit(world)
    world.git("checkout", "--quiet", "main")
    world.edit(EU, "weight: 100", "weight: 80")
    world.git("checkout", "--quiet", "change")
    found = reviewed(world)
    assert found.families == () and found.diff is None
    (why,) = found.missing
    assert "does not merge with its base" in why and EU in why
    assert not found.outcome.has_checked
    _, said = review(world, "--format", "markdown")
    assert "### Lockstep could not check this change\n" in said and "run.could-not-run" in said


def test_nothing_that_differs_is_no_family_and_no_object(world: World) -> None:
    found = reviewed(world)
    assert found.families == () and found.diff is not None and found.diff.objects == ()


def test_a_review_of_endless_findings_stays_small_and_counts_what_is_left(world: World) -> None:
    checked = world.folder / "many.json"
    findings = (*many(4_000), *many(4_000, Severity.WARNING))
    checked.write_text(format_outcome(Outcome(findings, {"clusters": 2})))
    path = world.folder / "review.json"
    code, said = world.lockstep(
        "review", "--base", "origin/main", "--checked", str(checked), "--report", f"json={path}"
    )
    assert code == 0, said
    found = Review.from_json(decode(path.read_bytes()))
    assert path.stat().st_size <= LARGEST
    assert 300 < len(found.findings) < 4_000
    assert all(each.severity is Severity.ERROR for each in found.findings)
    assert found.left_findings == 8_000 - len(found.findings)

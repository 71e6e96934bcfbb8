"""lockstep policy list, explain and docs: what people read about the rules."""

import json
import shutil
from pathlib import Path

import pytest

from lockstep.cli import invoke

ROOT = Path(__file__).resolve().parents[3]
RULES = sorted(path.name for path in (ROOT / "policies" / "rules").iterdir())
PAGE = "docs/reference/rules.md"


def policy(*arguments: str, root: Path = ROOT) -> tuple[int, str]:
    return invoke(["policy", *arguments, "--root", str(root)])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the policies and their page."""
    for name in ("policies", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / PAGE).parent.mkdir(parents=True)
    shutil.copy(ROOT / PAGE, tmp_path / PAGE)
    return tmp_path


def test_the_list_has_a_line_for_each_rule() -> None:
    code, text = policy("list")
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()[3:] if line.strip()] == RULES
    assert next(line for line in text.splitlines() if "weights-sum" in line).split()[4] == "no"


def test_the_list_as_json_is_for_programs() -> None:
    rows = {row["rule"]: row for row in json.loads(policy("list", "--format", "json")[1])["items"]}
    assert sorted(rows) == RULES
    assert rows["weights-sum"]["waivable"] is False
    assert rows["min-replicas"]["waivable"] is True


@pytest.mark.parametrize("name", RULES)
def test_every_rule_can_be_explained(name: str) -> None:
    code, text = policy("explain", name)
    assert code == 0
    for part in (f"{name}: ", "\n  message: ", "\n  fix:     ", "\nBad: ", "\nGood: "):
        assert part in text
    assert ("This rule cannot be waived." in text) is not ("To waive it for a while" in text)


def test_an_explanation_shows_thresholds_and_how_to_waive() -> None:
    text = policy("explain", "policy.min-replicas")[1]
    assert "policies/rules/min-replicas/thresholds.yaml" in text and "production: 2" in text
    assert "policies/data/waivers/min-replicas-for-now.yaml" in text
    assert "rule: min-replicas" in text


def test_a_misspelt_rule_is_refused_with_the_right_name() -> None:
    code, text = policy("explain", "weigths-sum")
    assert code == 2
    assert "there is no rule 'weigths-sum'" in text and "did you mean weights-sum?" in text


def test_the_page_is_up_to_date() -> None:
    assert policy("docs", "--check")[0] == 0


def test_a_stale_page_is_found_and_rewritten(copy: Path) -> None:
    rule = copy / "policies/rules/weights-sum/weights_sum.rego"
    rule.write_text(rule.read_text().replace("title: Wrong sum", "title: Another sum"))
    code, text = policy("docs", "--check", root=copy)
    assert code == 10 and "run lockstep policy docs" in text
    assert "Another sum" not in (copy / PAGE).read_text()
    assert policy("docs", root=copy)[0] == 0
    assert "Another sum" in (copy / PAGE).read_text()
    assert policy("docs", "--check", root=copy)[0] == 0

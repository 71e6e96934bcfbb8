"""The page on alerts names all that rules record, and says of each alert what to do."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from lockstep.render.alerting import series
from tests.unit.render.rendering import REPOSITORY

PAGE = (REPOSITORY / "docs" / "how-to" / "alerts.md").read_text()
RECORDED = sorted(
    value
    for value in vars(series).values()
    if isinstance(value, str) and value.startswith("lockstep:")
)


def golden_rules() -> Iterator[dict[str, Any]]:
    for path in sorted((REPOSITORY / "tests/golden/rendered").rglob("prometheusrule*.yaml")):
        for group in yaml.safe_load(path.read_text())["spec"]["groups"]:
            yield from group["rules"]


@pytest.mark.parametrize("name", RECORDED)
def test_each_recorded_series_is_described(name: str) -> None:
    assert f"`{name}" in PAGE


def test_each_series_has_its_name_in_one_place() -> None:
    recorded = {rule["record"] for rule in golden_rules() if "record" in rule}
    assert {name for name in recorded if not name.startswith(tuple(RECORDED))} == set()


def test_the_runbook_of_each_alert_is_a_heading_of_the_page() -> None:
    anchors = {line[3:].lower() for line in PAGE.splitlines() if line.startswith("## ")}
    runbooks = {r["annotations"]["runbook"] for r in golden_rules() if "alert" in r}
    assert len(runbooks) > 5
    assert {runbook.partition("#")[2] for runbook in runbooks} <= anchors

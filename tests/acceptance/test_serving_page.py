"""docs/how-to/serving.md quotes examples that are checked, and the defaults that are rendered."""

import re
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from tests.unit.render.rendering import cluster, render_one
from tests.unit.render.specs import pod_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "examples"
PAGE = (ROOT / "docs" / "how-to" / "serving.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CASES = ("vllm-on-gpus", "triton", "kserve-canary", "server-settings")


def quotable() -> list[str]:
    """The text of the examples' files, each at any depth at which a page may quote it."""
    paths = [path for case in CASES for path in (EXAMPLES / "positive" / case).rglob("*.yaml")]
    paths += (EXAMPLES / "base" / "policies").rglob("*.yaml")
    return [path.read_text() for path in paths]


def is_quoted(block: str) -> bool:
    """Whether all parts of a block are in one file: its keys at the left are parts."""
    parts = re.split(r"^(?=\w)", dedent(block), flags=re.MULTILINE)
    return any(
        all(any(indent(part, " " * depth) in text for depth in (0, 2, 4)) for part in parts if part)
        for text in quotable()
    )


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[1].strip()[:40])
def test_what_the_page_quotes_is_in_an_example(block: str) -> None:
    assert is_quoted(block)


def test_what_is_in_no_example_is_found() -> None:
    assert len(BLOCKS) == 9
    assert not is_quoted(BLOCKS[0].replace("GPUS", "x").replace("20G", "21G"))


def seconds(probe: dict[str, Any]) -> int:
    period, failures = probe["periodSeconds"], probe["failureThreshold"]
    assert isinstance(period, int)
    assert isinstance(failures, int)
    return period * failures


def test_the_defaults_are_those_of_the_page() -> None:
    folder = render_one(cluster())
    pod = pod_of(folder)["spec"]
    (model,) = pod["containers"]
    deadline = folder.manifests["deployment-v41.yaml"]["spec"]["progressDeadlineSeconds"]
    assert deadline - seconds(model["startupProbe"]) == 10 * 60
    row = "| `{}` | {} |"
    for field, says in {
        "probes.startup": "as readiness, every {startupProbe[periodSeconds]} seconds for {minutes} "
        "minutes",
        "probes.readiness": "`health` by HTTP, every {readinessProbe[periodSeconds]} seconds, "
        "{readinessProbe[failureThreshold]} failures",
        "probes.liveness": "a connection to the port, every {livenessProbe[periodSeconds]} "
        "seconds, {livenessProbe[failureThreshold]} failures",
        "lifecycle.preStop": "a sleep of {lifecycle[preStop][sleep][seconds]} seconds",
        "terminationGracePeriodSeconds": str(pod["terminationGracePeriodSeconds"]),
        "whenUnsatisfiable": "`ScheduleAnyway`",
    }.items():
        minutes = seconds(model["startupProbe"]) // 60
        assert row.format(field, says.format(minutes=minutes, **model)) in PAGE

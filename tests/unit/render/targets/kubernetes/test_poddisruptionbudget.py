"""The disruption budget of each version."""

import pytest

from tests.unit.render.rendering import render_one
from tests.unit.render.specs import serving


@pytest.mark.parametrize("budget", [{"minAvailable": 2}, {"maxUnavailable": 1}])
def test_each_running_version_has_a_disruption_budget(budget: dict[str, int]) -> None:
    folder = render_one(serving(disruption=budget))
    for version in ("41", "42"):
        written = folder.manifests[f"poddisruptionbudget-v{version}.yaml"]
        deployment = folder.manifests[f"deployment-v{version}.yaml"]
        assert written["metadata"]["name"] == f"fraud-eu-v{version}"
        assert written["spec"] == {
            **budget,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": deployment["spec"]["selector"],
        }
        assert deployment["spec"]["replicas"] == 3


def test_a_budget_of_0_is_written_as_0() -> None:
    written = render_one(serving(disruption={"minAvailable": 0}))
    assert written.manifests["poddisruptionbudget-v41.yaml"]["spec"]["minAvailable"] == 0

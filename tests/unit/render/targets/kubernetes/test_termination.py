"""How a pod ends."""

from copy import deepcopy
from typing import Any

import pytest

from lockstep.render import render_cluster
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, tree_of
from tests.unit.render.specs import pod_of, serving, the_finding


def ends(version: str = "1.37", **more: Any) -> tuple[Any, int]:
    """The hook and the time of the pods of a serving, in an environment of that Kubernetes."""
    environment: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    environment["spec"]["kubernetesVersion"] = version
    spec = cluster()
    spec["spec"]["serving"] |= more
    tree = {**tree_of(spec), "clusters/prod/environment.yaml": rendering.dump(environment)}
    where, family = rendering.only_family(fleet_of(tree))
    folder = render_cluster(family.clusters[0], family, where, rendering.templates())
    assert folder.findings == ()
    pod = pod_of(folder)["spec"]
    return pod["containers"][0]["lifecycle"]["preStop"], pod["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_a_pod_serves_on_until_no_proxy_sends_it_requests(version: str) -> None:
    assert ends(version) == ({"sleep": {"seconds": 10}}, 60)


def test_where_kubernetes_drops_the_action_the_image_sleeps() -> None:
    assert ends("1.29") == ({"exec": {"command": ["sleep", "10"]}}, 60)
    hook = {"preStop": {"sleep": {"seconds": 25}}}
    assert ends("1.29", lifecycle=hook) == ({"exec": {"command": ["sleep", "25"]}}, 60)


def test_a_spec_says_how_and_how_long() -> None:
    hook = {"exec": {"command": ["/bin/drain", "--all"]}}
    for version in ("1.29", "1.37"):
        given = {"lifecycle": {"preStop": hook}, "terminationGracePeriodSeconds": 5}
        assert ends(version, **given) == (hook, 5)
    assert ends(lifecycle={"preStop": {"sleep": {"seconds": 20}}})[0] == {"sleep": {"seconds": 20}}


@pytest.mark.parametrize(
    ("more", "sleeps", "grace"),
    [
        ({"terminationGracePeriodSeconds": 10}, 10, 10),
        ({"lifecycle": {"preStop": {"sleep": {"seconds": 90}}}}, 90, 60),
    ],
)
def test_the_time_to_end_is_longer_than_the_hook(more: Any, sleeps: int, grace: int) -> None:
    finding = the_finding(tree_of(serving(**more)))
    says = f"a pod has {grace} seconds to end, and sleeps for {sleeps} of them first"
    assert finding.message == says

"""How a pod ends."""

from copy import deepcopy
from typing import Any

import pytest

from lockstep.render import render_cluster
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, render_one, tree_of
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


def runs(*words: str) -> dict[str, Any]:
    """A hook that runs a command."""
    return {"preStop": {"exec": {"command": list(words)}}}


def test_a_command_may_sleep_for_less() -> None:
    for words in (["sleep", "59"], ["sh", "-c", "nosleep 600"], ["drain", "--sleep", "600"]):
        assert ends(lifecycle=runs(*words)) == (runs(*words)["preStop"], 60)


@pytest.mark.parametrize("words", [[""], [" ", "a"], []])
def test_a_command_has_a_program(words: list[str]) -> None:
    for field, more in (
        ("command", {"command": words}),
        ("lifecycle", {"lifecycle": runs(*words)}),
    ):
        finding = the_finding(tree_of(serving(**more)))
        assert finding.message == "the first word of a command is the program, and is empty"
        assert finding.fix == "write the program that the container runs, or remove the command"
        assert finding.pointer.startswith(f"/spec/serving/{field}")
    assert render_one(serving(args=words)).findings == ()


@pytest.mark.parametrize(
    ("more", "sleeps", "grace"),
    [
        ({"terminationGracePeriodSeconds": 10}, 10, 10),
        ({"lifecycle": {"preStop": {"sleep": {"seconds": 90}}}}, 90, 60),
        ({"lifecycle": runs("sleep", "60")}, 60, 60),
        ({"lifecycle": runs("/bin/sleep", "2m")}, 120, 60),
        ({"lifecycle": runs("sh", "-c", "drain; sleep 45 && sleep 15s")}, 60, 60),
    ],
)
def test_the_time_to_end_is_longer_than_the_hook(more: Any, sleeps: int, grace: int) -> None:
    finding = the_finding(tree_of(serving(**more)))
    says = f"a pod has {grace} seconds to end, and sleeps for {sleeps} of them first"
    assert finding.message == says

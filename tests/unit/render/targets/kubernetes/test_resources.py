"""Amounts that Kubernetes would refuse, or never grant."""

from typing import Any

import pytest

from tests.unit.render.rendering import render_one, tree_of
from tests.unit.render.specs import serving, the_finding
from tests.unit.render.targets.kubernetes.test_fetch import fetching, rendered
from tests.unit.render.targets.kubernetes.test_fetch import tree as fetching_tree


def amounts(**limits: str) -> dict[str, Any]:
    """A serving with these in addition to its limits and requests."""
    whole = serving()
    for half in whole["spec"]["serving"]["resources"].values():
        half |= {name.replace("__", "/").replace("_", "-"): each for name, each in limits.items()}
    return whole


def with_volumes(whole: dict[str, Any], **sizes: str) -> dict[str, Any]:
    """With volumes of these sizes: in memory where the name begins with m."""
    whole["spec"]["serving"]["volumes"] = {
        name: {
            "mountPath": f"/{name}",
            "emptyDir": {"sizeLimit": size, **({"medium": "Memory"} if name[0] == "m" else {})},
        }
        for name, size in sizes.items()
    }
    return whole


@pytest.mark.parametrize(
    ("limits", "message", "fix"),
    [
        ({"example.com__gpu": "500m"}, "500m of example.com/gpu is not a number of devices",
         "write how many a pod needs, as a whole number in quotes"),
        ({"example.com__gpu": "1Gi"}, "1Gi of example.com/gpu is not a number of devices",
         "write how many a pod needs, as a whole number in quotes"),
        ({"hugepages_2Mi": "3Mi"}, "3Mi is not a whole number of pages of 2Mi",
         "write a multiple of 2Mi"),
        ({"hugepages_1Gi": "1G"}, "1G is not a whole number of pages of 1Gi",
         "write a multiple of 1Gi"),
        ({"hugepages_2Mi": "0.5"},
         "'0.5' is not an amount of bytes; write it like 512Mi or 10Gi",
         "write it like 512Mi or 10Gi"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(limits: dict[str, str], message: str, fix: str) -> None:
    finding = the_finding(tree_of(amounts(**limits)))
    (name,) = (each.replace("__", "~1").replace("_", "-") for each in limits)
    assert (finding.message, finding.fix) == (message, fix)
    assert finding.pointer == f"/spec/serving/resources/requests/{name}"


def test_devices_and_pages_are_counted() -> None:
    assert render_one(amounts(example_com__gpu="2", hugepages_2Mi="1Gi")).findings == ()


@pytest.mark.parametrize(
    ("limits", "sizes", "says"),
    [
        ({}, {"m": "1025Mi"},
         "the limit of memory is 1Gi, and the volumes of a pod may hold more: m (1025Mi)"),
        ({}, {"ma": "1Gi", "mb": "1Mi"},
         "the limit of memory is 1Gi, and the volumes of a pod may hold more: ma (1Gi) and mb "
         "(1Mi)"),
        ({"ephemeral_storage": "2Gi"}, {"a": "3Gi"},
         "the limit of ephemeral-storage is 2Gi, and the volumes of a pod may hold more: a (3Gi)"),
    ],
)  # fmt: skip
def test_volumes_fit_the_limits(limits: dict[str, str], sizes: dict[str, str], says: str) -> None:
    finding = the_finding(tree_of(with_volumes(amounts(**limits), **sizes)))
    assert finding.message == says
    assert finding.fix == "raise the limit, or lower sizeLimit of the volumes"
    assert finding.pointer.startswith("/spec/serving/resources/limits/")


def test_volumes_up_to_the_limits() -> None:
    limits = {"ephemeral_storage": "2Gi"}
    assert not render_one(with_volumes(amounts(**limits), m="1Gi", a="2Gi")).findings
    # Without a limit, as much as the node has.
    assert not render_one(with_volumes(amounts(), a="99Gi")).findings


def test_the_model_needs_room_too() -> None:
    whole = fetching(sizeLimit="4Gi")
    whole["spec"]["serving"]["resources"]["limits"]["ephemeral-storage"] = "5Gi"
    assert rendered(with_volumes(whole, a="1Gi")).findings == ()
    finding = the_finding(fetching_tree(with_volumes(whole, a="2Gi")))
    assert finding.message == (
        "the limit of ephemeral-storage is 5Gi, and the volumes of a pod may hold more: a (2Gi) "
        "and model (4Gi)"
    )

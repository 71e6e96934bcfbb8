"""Tenants in Kubernetes clusters: what an amount of a quota is, and who is let in."""

from copy import deepcopy
from typing import Any

import pytest

from lockstep.model.document import Document
from lockstep.model.fleet import Environment
from lockstep.render.fields import Unrenderable
from lockstep.render.inputs import view_places
from tests.unit.render import rendering


def environment(**spec: Any) -> Environment:
    """Two regions, with further fields of the spec."""
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    whole["spec"] |= spec
    return Environment("prod", Document("clusters/prod/environment.yaml", whole))


def quota(region: str, **amounts: Any) -> dict[str, Any]:
    return {"region": region, "namespace": "fraud", "cpu": "1500m", "memory": "2Gi", **amounts}


def tenant(name: str = "risk", *quotas: dict[str, Any], **more: Any) -> dict[str, Any]:
    own = {"quotas": list(quotas)} if quotas else {}
    return {"name": name, "namespaces": ["fraud"], **own, **more}


def in_one_cluster(*quotas: dict[str, Any]) -> Environment:
    """Both regions in one Kubernetes cluster."""
    regions = deepcopy(rendering.ENVIRONMENT)["spec"]["regions"]  # type: ignore[index]
    shared = [{**each, "destination": "shared"} for each in regions]
    return environment(regions=shared, tenants=[tenant("risk", *quotas)])


@pytest.mark.parametrize(
    ("amounts", "says"),
    [({"cpu": "much"}, "'much' is not a number of cores"), ({"memory": "2 GB"}, "bytes")],
)
def test_an_amount_that_is_none_is_named(amounts: dict[str, str], says: str) -> None:
    with pytest.raises(Unrenderable) as caught:
        view_places(in_one_cluster(quota("eu-west-1", **amounts)))
    assert says in caught.value.finding.message


def test_those_who_are_let_in_are_named_once_with_all_their_places() -> None:
    regions = deepcopy(rendering.ENVIRONMENT)["spec"]["regions"]  # type: ignore[index]
    regions[0] |= {"gateways": ["mesh", "edge/a"], "optionalGateways": ["edge/b", "callers/c"]}
    here = environment(
        regions=regions, network={"gatewayNamespaces": ["far"]},
        tenants=[tenant(callers=["callers", "checkout"])],
    )  # fmt: skip
    open_to, other = (place.network for place in view_places(here))
    assert open_to and other
    _, outside = open_to["ingress"][0].rule["from"]
    [chosen] = outside["namespaceSelector"]["matchExpressions"]
    assert chosen["values"] == ["callers", "checkout", "edge", "far"]
    origin: Any = open_to["ingress"][0].origin
    of_callers, _, of_edge, _ = origin["from"][1]["namespaceSelector"]["matchExpressions"][0][
        "values"
    ]
    assert [source.pointer[-2] for source in of_callers.sources] == ["callers", "optionalGateways"]
    assert [source.pointer[-2:] for source in of_edge.sources] == [
        ("gateways", 1), ("optionalGateways", 0),
    ]  # fmt: skip
    # The other region has no gateways of its own.
    [chosen] = other["ingress"][0].rule["from"][1]["namespaceSelector"]["matchExpressions"]
    assert chosen["values"] == ["callers", "checkout", "far"]

"""Which fields of a spec rendering reads, and what it says where one is wrong."""

from typing import Any

import pytest

from lockstep.render.provenance import FILE_NAME, parse_provenance
from tests.unit.render.rendering import cluster, render_one
from tests.unit.render.specs import TOKEN, access, identity, serving, the_finding, watched


def test_each_field_that_is_rendered_is_an_input() -> None:
    specs = [
        cluster(), identity("aws", "role-a"), identity("aws", "role-b"),
        access(secrets={"TOKEN": TOKEN}), access(secrets={"TOKEN": {**TOKEN, "path": "ml/b"}}),
    ]  # fmt: skip
    inputs = [parse_provenance(render_one(spec).files[FILE_NAME]).inputs["spec"] for spec in specs]
    assert len(set(inputs)) == len(inputs)
    assert parse_provenance(render_one(access()).files[FILE_NAME]).inputs["spec"] == inputs[0]


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        (serving(zones="3"), "/spec/serving/zones"),
        (serving(disruption={}), "/spec/serving/disruption"),
        (
            serving(disruption={"minAvailable": 1, "maxUnavailable": 1}),
            "/spec/serving/disruption",
        ),
        (serving(disruption={"minAvailable": "1"}), "/spec/serving/disruption/minAvailable"),
        (serving(hpa={"cpu": 70}), "/spec/serving/hpa/maxReplicas"),
        (serving(keda={"maxReplicas": 3}), "/spec/serving/keda/requestsPerSecond"),
        (identity("ibm", "somebody"), "/spec/access/identity/provider"),
        (access(identity={"provider": "aws"}), "/spec/access/identity/principal"),
        (access(secrets=["TOKEN"]), "/spec/access/secrets"),
        (access(secrets={"TOKEN": {"store": "vault"}}), "/spec/access/secrets/TOKEN/path"),
    ],
)
def test_what_cannot_be_rendered_is_found_in_the_spec(spec: dict[str, Any], pointer: str) -> None:
    finding = the_finding(watched(spec))
    assert (finding.rule, finding.pointer) == ("render.input", pointer)
    assert finding.fix

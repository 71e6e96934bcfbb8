"""Which fields of a spec rendering reads, and what it says where one is wrong."""

from typing import Any

import pytest

from lockstep.render.inputs import floors_by_slug
from lockstep.render.provenance import FILE_NAME, parse_provenance
from tests.unit.render.rendering import cluster, family_in_memory, render_one
from tests.unit.render.specs import (
    HPA,
    NINETY,
    TEN,
    TOKEN,
    access,
    identity,
    serving,
    the_finding,
    watched,
)


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
        (serving(hpa=HPA, warmReplicas="5"), "/spec/serving/warmReplicas"),
        (serving(keda={"requestsPerSecond": 3}), "/spec/serving/keda/maxReplicas"),
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


def test_floors_are_known_without_a_template() -> None:
    only, _, environment = family_in_memory(serving(hpa=HPA))
    assert floors_by_slug(only, environment, [NINETY, TEN]) == {"v41": 8, "v42": 3}
    fixed, _, _ = family_in_memory(serving())
    assert floors_by_slug(fixed, environment, [NINETY, TEN]) == {}


def test_malformed_fields_do_not_stop_a_rollback() -> None:
    only, _, environment = family_in_memory(serving(hpa={"maxReplicas": "many"}))
    assert floors_by_slug(only, environment, [NINETY, TEN]) == {}

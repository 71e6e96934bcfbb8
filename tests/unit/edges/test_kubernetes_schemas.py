"""The Kubernetes schemas are read from the installed package, and nothing else is."""

import json

import pytest

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema


def test_the_schemas_are_the_strict_ones() -> None:
    data = read_kubernetes_schema("1.37", "serviceport-v1.json")
    assert data is not None
    assert json.loads(data)["additionalProperties"] is False


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("1.37", "nothing-v1.json"),
        ("1.37", "../v1.36.0-local-strict/service-v1.json"),
        ("1.36.0-local-strict/../v1.37", "service-v1.json"),
    ],
)
def test_no_other_file_is_read(version: str, name: str) -> None:
    assert read_kubernetes_schema("1.37", "service-v1.json")
    assert read_kubernetes_schema(version, name) is None

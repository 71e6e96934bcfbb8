"""What follows from the values of a request."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.scaffold.requests import DISTRIBUTION
from tests.unit.scaffold.test_texts import fleet


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("ghcr.io/ml/server", "ghcr.io"),
        ("localhost:5000/server", "localhost:5000"),
        ("ml/server", "docker.io"),
        ("server", "docker.io"),
    ],
)
def test_the_registry_is_the_host_of_the_image(image: str, registry: str) -> None:
    request = fleet()
    request = replace(request, family=replace(request.family, image=f"{image}@sha256:{'0' * 64}"))
    assert request.image_registry == registry


def test_names_follow_from_the_family_and_the_file() -> None:
    (cluster,) = fleet().clusters
    assert cluster.name == "on-eu-west-1"
    assert cluster.host == "on.eu-west-1.prod.example.com"
    assert fleet().owner_domain == "example.com" and fleet().jurisdictions == ("NO",)


def test_hosts_are_in_the_domain_of_the_first_cluster() -> None:
    made = fleet()
    (cluster,) = made.clusters
    assert made.host_domain == "example.com"
    elsewhere = replace(made, clusters=(replace(cluster, domain="ml.example.org"),))
    assert elsewhere.host_domain == "ml.example.org"
    assert replace(made, clusters=()).host_domain == made.owner_domain


def test_the_distribution_is_the_one_that_is_built() -> None:
    project = Path(__file__).resolve().parents[3] / "pyproject.toml"
    assert tomllib.loads(project.read_text())["project"]["name"] == DISTRIBUTION

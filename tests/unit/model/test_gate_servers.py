"""A region's own Prometheus comes before that of the environment."""

import pytest

from lockstep.model.document import Json
from lockstep.model.gate_servers import server_of

OWN = {"name": "eu-west-1", "prometheus": "https://eu.example.com"}


@pytest.mark.parametrize(
    ("spec", "region", "server"),
    [
        ({"regions": [OWN], "prometheus": "http://p"}, "eu-west-1", "https://eu.example.com"),
        ({"regions": [OWN], "prometheus": "http://p"}, "us-east-1", "http://p"),
        ({"regions": [{"name": "us-east-1"}], "prometheus": "http://p"}, "us-east-1", "http://p"),
        ({"regions": [OWN]}, "us-east-1", ""),
        ({}, "us-east-1", ""),
        (None, "us-east-1", ""),
    ],
)
def test_the_server_of_a_region(spec: Json, region: str, server: str) -> None:
    assert server_of(spec, region) == server

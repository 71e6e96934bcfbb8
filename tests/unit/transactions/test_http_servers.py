"""The servers that data lists."""

import pytest

from lockstep.gate_sources.http_json import HttpServer
from lockstep.model.errors import LockstepError
from lockstep.transactions.http_servers import read_servers


def test_the_servers_are_read_by_name() -> None:
    text = b"thresholds: {http: {servers: {reports: {url: 'https://reports.example.com'}}}}"
    assert read_servers(text) == {"reports": HttpServer("https://reports.example.com")}
    assert read_servers(b"") == {}


@pytest.mark.parametrize("server", ["1", "{token: A}", "{url: 1}", "{url: a, headers: [b]}"])
def test_what_is_not_well_formed_is_an_error(server: str) -> None:
    with pytest.raises(LockstepError, match="it cannot be read"):
        read_servers(f"thresholds: {{http: {{servers: {{reports: {server}}}}}}}".encode())

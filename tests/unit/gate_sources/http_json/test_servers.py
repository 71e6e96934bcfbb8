"""Which servers are asked, and which secrets they get: what data says, and nothing else."""

import pytest

from lockstep.gate_sources.http_json.servers import HttpServer, server_of
from lockstep.model.errors import LockstepError

REPORTS = "https://reports.example.com/v1"


def test_secrets_come_from_the_variables_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_HTTP_TOKEN", " abc \n")
    monkeypatch.setenv("LOCKSTEP_HTTP_KEY", "k1")
    found = server_of(
        "r", HttpServer(REPORTS, "LOCKSTEP_HTTP_TOKEN", {"DD-API-KEY": "LOCKSTEP_HTTP_KEY"})
    )
    assert found.secrets == {"Authorization": "Bearer abc", "DD-API-KEY": "k1"}
    assert found.address.url == REPORTS
    assert "abc" not in repr(found)


@pytest.mark.parametrize(
    "variable", ["AWS_SECRET_ACCESS_KEY", "HOME", "lockstep_http_x", "X_LOCKSTEP_HTTP_"]
)
def test_no_other_variable_is_sent(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "secret")
    for listed in (HttpServer(REPORTS, variable), HttpServer(REPORTS, "", {"X": variable})):
        with pytest.raises(LockstepError, match="has to begin with LOCKSTEP_HTTP_") as caught:
            server_of("r", listed)
        assert "secret" not in caught.value.diagnostics()


@pytest.mark.parametrize("value", ["", " ", "a\nb", "é", "x" * 16_001])
def test_what_cannot_be_a_header_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_HTTP_KEY", value)
    with pytest.raises(LockstepError) as caught:
        server_of("r", HttpServer(REPORTS, "", {"X": "LOCKSTEP_HTTP_KEY"}))
    assert not value.strip() or value not in caught.value.diagnostics()


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest", "http://[fe80::1]/", "http://metadata.google.internal/",
        "http://METADATA.google.internal./x", "ftp://example.com", "https://u:p@example.com",
        "https://example.com?a=b", "https://",
    ],
)  # fmt: skip
def test_an_address_that_must_not_be_asked_is_refused(url: str) -> None:
    with pytest.raises(LockstepError):
        server_of("r", HttpServer(url))

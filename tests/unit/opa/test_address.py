"""Which URLs, tokens and certificates of a running OPA are accepted; no secret is ever shown."""

from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError, UsageError
from lockstep.opa.address import (
    TOKEN_VARIABLE,
    OpaOptions,
    ca_of,
    client_certificate,
    parse_address,
    read_token,
)

SECRET = "s3cr3t-value"


@pytest.mark.parametrize(
    ("url", "base", "host", "port", "encrypted"),
    [
        ("https://opa.example.com", "https://opa.example.com", "opa.example.com", 443, True),
        ("https://opa.example.com:8443/", "https://opa.example.com:8443", "opa.example.com", 8443,
         True),
        ("https://gate.example.com/opa/", "https://gate.example.com/opa", "gate.example.com", 443,
         True),
        ("http://127.0.0.1:8181", "http://127.0.0.1:8181", "127.0.0.1", 8181, False),
        ("http://localhost", "http://localhost", "localhost", 80, False),
        ("http://[::1]:8181", "http://[::1]:8181", "::1", 8181, False),
    ],
)  # fmt: skip
def test_usable_urls(url: str, base: str, host: str, port: int, encrypted: bool) -> None:
    address = parse_address(url)
    assert (address.url, address.host, address.port) == (base, host, port)
    assert address.encrypted is encrypted


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://opa.example.com:8181", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("http://0.0.0.0:8181", "plain http"),
        ("http://localhost.example.com", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        (f"https://user:{SECRET}@opa.example.com", "user or a password"),
        (f"https://{SECRET}@opa.example.com", "user or a password"),
        (f"https://opa.example.com/?token={SECRET}", "query"),
        (f"https://opa.example.com/#{SECRET}", "fragment"),
        ("ftp://opa.example.com", "not an http or https URL"),
        ("opa.example.com:8181", "not an http or https URL"),
        ("https://", "not an http or https URL"),
        ("https://opa.example.com:99999", "cannot be parsed"),
        ("https://[::1", "cannot be parsed"),
        ("https://opa.example.com/\x1b[2J", "not an http or https URL"),
    ],
)
def test_unusable_urls_are_refused_without_being_shown(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parse_address(url)
    assert SECRET not in caught.value.diagnostics()


def test_the_token_is_read_from_the_file_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert read_token(OpaOptions()) == ""
    monkeypatch.setenv(TOKEN_VARIABLE, " from-environment\n")
    assert read_token(OpaOptions()) == "from-environment"
    assert read_token(OpaOptions(token_file=file)) == "from-file"


@pytest.mark.parametrize(
    "token", [f"{SECRET}\nX-Admin: 1", f"{SECRET} more", f"{SECRET}\x00", f"{SECRET}é", "a" * 20000]
)
def test_a_token_that_cannot_be_sent_is_refused_without_being_shown(
    token: str, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(token)
    with pytest.raises(LockstepError, match="not a bearer token") as caught:
        read_token(OpaOptions(token_file=file))
    assert token[:12] not in caught.value.diagnostics()


def test_a_token_file_that_is_missing_or_empty_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LockstepError, match="No such file"):
        read_token(OpaOptions(token_file=tmp_path / "none"))
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(LockstepError, match="there is no token"):
        read_token(OpaOptions(token_file=tmp_path / "empty"))


def test_a_ca_that_is_not_a_certificate_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for file in (tmp_path / "ca.pem", tmp_path / "none.pem"):
        with pytest.raises(LockstepError, match="CA certificate cannot be read") as caught:
            ca_of(OpaOptions(ca_file=file))
        assert caught.value.where == str(file)
        with pytest.raises(LockstepError, match="client certificate cannot be read"):
            client_certificate(OpaOptions(client_cert=file))


def test_the_systems_own_cas_count_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "cas.pem"
    ours.write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(ours))
    assert ca_of(OpaOptions()) == str(ours)

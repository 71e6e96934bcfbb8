"""Which addresses are accepted, and what they keep private; see opa/test_address.py for more."""

import pytest

from lockstep.edges.http_address import is_loopback, parse_address
from lockstep.model.errors import UsageError


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://prometheus.example.com/eu", True),
        ("http://127.0.0.1:9090", True),
        ("http://[::1]:9090", True),
        ("http://prometheus.monitoring.svc:9090", False),
        ("http://localhost.example.com", False),
    ],
)
def test_only_what_nobody_else_can_read_is_private(url: str, private: bool) -> None:
    assert parse_address(url, "the example", "spec.example", "").private is private


def test_an_error_names_server_and_field_and_where_a_password_belongs() -> None:
    with pytest.raises(UsageError) as caught:
        parse_address("https://a:b@c", "the example", "spec.example", "set EXAMPLE_TOKEN")
    assert caught.value.diagnostics() == (
        "error: spec.example: the URL of the example must not hold a user or a password\n"
        "  fix: set EXAMPLE_TOKEN"
    )


def test_a_name_may_be_any_address() -> None:
    assert is_loopback("127.0.0.2") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("localhost.localdomain")

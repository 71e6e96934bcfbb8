"""What a failed request means is said in words, with the one thing to do about it."""

import pytest
from requests import exceptions as failed

from lockstep.edges.http_errors import Words, unreached

WORDS = Words("Example", "AGAIN", "REACH", "KIND", "TRUST")


@pytest.mark.parametrize(
    ("error", "said", "fix"),
    [
        (ValueError("x"), "is not JSON: ValueError: x", "KIND"),
        (failed.ConnectTimeout(), "Example did not accept a connection in time", "REACH"),
        (failed.ReadTimeout(), "Example did not answer in time", "AGAIN"),
        (failed.ConnectionError("Read timed out."), "did not answer in time", "AGAIN"),
        (failed.ChunkedEncodingError(), "the answer of Example was cut off", "AGAIN"),
        (failed.ConnectionError("NameResolutionError"), "cannot be resolved", "REACH"),
        (
            failed.ConnectionError("[Errno 111] Connection refused"),
            "Example cannot be reached: it refuses connections",
            "REACH",
        ),
        (failed.ConnectionError(), "Example cannot be reached: ConnectionError", "REACH"),
        (
            failed.SSLError("hostname mismatch"),
            "certificate of Example is for another",
            "host name",
        ),
        (
            failed.SSLError("CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed (_"),
            "the certificate of Example is not trusted: self-signed",
            "TRUST",
        ),
        (failed.SSLError("EOF"), "no TLS connection could be made to Example", "TLS 1.2"),
    ],
)
def test_a_failure_says_what_happened_and_what_to_do(error: Exception, said: str, fix: str) -> None:
    raised = unreached(error, WORDS, "https://example.com")
    assert said in raised.message and fix in raised.fix
    assert raised.where == "https://example.com"

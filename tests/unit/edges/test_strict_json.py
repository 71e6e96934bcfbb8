"""JSON that two readers could understand differently is refused."""

import pytest

from lockstep.edges.strict_json import decode


def test_json_is_read() -> None:
    assert decode('{"a": [1, 2.5, null, "é", 1e3]}'.encode()) == {"a": [1, 2.5, None, "é", 1000.0]}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b'"\\ud800"', b"\xff", b"\xef\xbb\xbf{}",
        b"{} {}", b"{'a': 1}", b'{"a": 1, "a": 1}', b'[{"b": {"a": 1, "a": 2}}]', b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it "):
        decode(body)

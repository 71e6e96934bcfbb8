"""When a forge that refuses wants to be asked again.

GitHub limits requests by the hour, and how fast they follow each other:
https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from collections.abc import Mapping
from http import HTTPStatus

from lockstep.edges import clock
from lockstep.edges.http_answers import seconds

_LIMITS = frozenset((HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS))
_SECONDARY = b"secondary rate limit"
_A_MINUTE = 60.0
"""What GitHub asks for where a limit says nothing else."""


def throttle(status: int, headers: Mapping[str, str], body: bytes) -> float | None:
    """The seconds to wait (see edges.http_answers.Throttle); None for what no wait changes."""
    after = headers.get("retry-after", "")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return seconds(after)
    if status not in _LIMITS:
        return None
    if after:
        return seconds(after)
    if headers.get("x-ratelimit-remaining") == "0":
        return _until(headers.get("x-ratelimit-reset", ""))
    limited = status == HTTPStatus.TOO_MANY_REQUESTS or _SECONDARY in body.lower()
    return _A_MINUTE if limited else None


def _until(reset: str) -> float:
    """The seconds until a time in seconds since 1970; a minute where it is none."""
    if not (reset.isascii() and reset.isdigit() and len(reset) < 12):
        return _A_MINUTE
    return max(int(reset) - clock.now().timestamp(), 0.0) + 1.0

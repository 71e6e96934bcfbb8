"""What a failed request to an OPA means, and what to do about it."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from lockstep.edges.http_errors import Words, unreached
from lockstep.model.errors import LockstepError
from lockstep.opa.bisect import EvaluationFailed
from lockstep.text.sanitise import one_line

_AGAIN = "run the command again; if it happens again, read the log of that OPA"
_WORDS = Words(
    "OPA",
    again=_AGAIN,
    reach="check that the OPA runs, and that this machine can reach it",
    kind="check that this is the URL of an OPA",
    trust="give the CA that signed it with --opa-ca FILE",
)


def error_of(error: Exception, where: str) -> LockstepError:
    """The error to raise for what a request raised; EvaluationFailed where a rule failed.

    ``where`` names the OPA, without secrets.
    """
    failure = evaluation_failure(error)
    if failure:
        return failure
    response = getattr(error, "response", None)
    if response is not None and response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        return _refused(response, where)
    return unreached(error, _WORDS, where)


def evaluation_failure(error: Exception) -> EvaluationFailed | None:
    """The failure of a rule that a failed request reports; None where it reports none."""
    response = getattr(error, "response", None)
    if response is None:
        return None
    try:
        first = response.json()["errors"][0]
        place = first.get("location") or {}
        # In a bundle, the bundle's own name comes before that of the file.
        file = str(place.get("file"))
        where = f"{file[max(file.find('policies/'), 0) :]}:{place.get('row')}"
        return EvaluationFailed(one_line(f"{first['code']}: {first['message']}", 500), where=where)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None  # the body is not what OPA answers: a proxy's, for example


def connection_broke(error: Exception) -> bool:
    """Whether a request failed because its connection ended early."""
    from requests import exceptions as failed

    return isinstance(error, failed.ConnectionError | failed.ChunkedEncodingError)


def _refused(response: Any, where: str) -> LockstepError:
    """The error for an answer with a status other than success."""
    status = response.status_code
    said = _message(response)
    if status < HTTPStatus.BAD_REQUEST:
        # Not followed, because it could lead the token to another host. Only the host is shown: the
        # rest of a URL may hold secrets.
        target = urlsplit(response.headers.get("Location", "")).hostname or "another path"
        return LockstepError(
            f"OPA answered with a redirect (HTTP {status}) to {one_line(target, 80)}, "
            "which is not followed",
            where=where, fix="give the URL of the OPA itself",
        )  # fmt: skip
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return LockstepError(
            f"OPA refused the token, or the lack of one (HTTP {status}){said}", where=where,
            fix="give the right token in LOCKSTEP_OPA_TOKEN or --opa-token-file, and allow it "
            "POST /v1/data/lockstep in that OPA's system.authz",
        )  # fmt: skip
    if status == HTTPStatus.NOT_FOUND:
        return LockstepError(
            f"there is no OPA at this URL (HTTP 404){said}", where=where,
            fix="give the URL without /v1/data, and with the path that a proxy puts before it",
        )  # fmt: skip
    return LockstepError(
        f"OPA refused the request with HTTP {status}{said}", where=where, fix=_AGAIN
    )


def _message(response: Any) -> str:
    """OPA's own message, as ``: ...``; empty where there is none."""
    try:
        message = response.json()["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f": {one_line(message, 300)}" if isinstance(message, str) else ""

"""What a failed request to an OPA means, and what to do about it.

requests reports some failures only in its text, so that a few words of its messages, and of
OpenSSL's, are compared here.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from lockstep.model.errors import LockstepError
from lockstep.opa.bisect import EvaluationFailed
from lockstep.text.sanitise import one_line

_AGAIN = "run the command again; if it happens again, read the log of that OPA"
_REACH = "check that the OPA runs, and that this machine can reach it"


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
    return _unreached(error, where)


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


def _unreached(error: Exception, where: str) -> LockstepError:
    """The error for a request that got no usable answer."""
    from requests import exceptions as failed

    if isinstance(error, failed.InvalidJSONError | ValueError | TypeError):
        said = one_line(f"{type(error).__name__}: {error}", 300)
        text = f"a request or its answer is not JSON: {said}"
        return LockstepError(text, where=where, fix="check that this is the URL of an OPA")
    if isinstance(error, failed.SSLError):
        return _distrusted(str(error), where)
    if isinstance(error, failed.ConnectTimeout):
        return LockstepError("OPA did not accept a connection in time", where=where, fix=_REACH)
    # A timeout in the middle of an answer comes as a ConnectionError.
    if isinstance(error, failed.ReadTimeout) or "Read timed out" in str(error):
        return LockstepError("OPA did not answer in time", where=where, fix=_AGAIN)
    if isinstance(error, failed.ChunkedEncodingError | failed.ContentDecodingError):
        return LockstepError("the answer of OPA was cut off", where=where, fix=_AGAIN)
    if "NameResolutionError" in str(error):
        return LockstepError("the name of this host cannot be resolved", where=where, fix=_REACH)
    text = f"OPA cannot be reached: {type(error).__name__}"
    return LockstepError(text, where=where, fix=_REACH)


def _distrusted(said: str, where: str) -> LockstepError:
    if "match" in said or "not valid for" in said:  # OpenSSL's and urllib3's words
        return LockstepError(
            "the certificate of this OPA is for another host", where=where,
            fix="use a host name that is in the certificate",
        )  # fmt: skip
    if "CERTIFICATE_VERIFY_FAILED" in said:
        reason = one_line(said.partition("certificate verify failed: ")[2].partition(" (")[0], 120)
        return LockstepError(
            f"the certificate of this OPA is not trusted: {reason or 'no reason given'}",
            where=where, fix="give the CA that signed it with --opa-ca FILE",
        )  # fmt: skip
    return LockstepError(
        "no TLS connection could be made to this OPA", where=where,
        fix="check that it speaks TLS 1.2 or newer, and whether it asks for a client certificate",
    )  # fmt: skip


def _message(response: Any) -> str:
    """OPA's own message, as ``: ...``; empty where there is none."""
    try:
        message = response.json()["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f": {one_line(message, 300)}" if isinstance(message, str) else ""

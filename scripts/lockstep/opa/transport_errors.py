"""What a failed request to an OPA means, and what to do about it."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from lockstep.model.errors import LockstepError
from lockstep.opa.bisect import fault_of

_AGAIN = "run the command again; if it happens again, look into the log of that OPA"
_REACH = "see that the OPA runs, and that this machine may reach it"


def failure_of(error: Exception, where: str) -> LockstepError:
    """The error to raise for what a request raised; an EvaluationFault where a rule failed.

    ``where`` names the OPA, without secrets.
    """
    fault = fault_of(error)
    if fault:
        return fault
    response = getattr(error, "response", None)
    if response is not None and response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        return _refused(response, where)
    return _unreached(error, where)


def broke_off(error: Exception) -> bool:
    """Whether a request failed because the connection did."""
    from requests import exceptions as failed

    return isinstance(error, failed.ConnectionError | failed.ChunkedEncodingError)


def _refused(response: Any, where: str) -> LockstepError:
    """The failure behind an answer that has a status other than success."""
    status = response.status_code
    said = _message(response)
    if status < HTTPStatus.BAD_REQUEST:
        target = urlsplit(response.headers.get("Location", "")).hostname or "another path"
        return LockstepError(
            f"OPA answers with a redirect (HTTP {status}) to {target[:80]}, which is not followed",
            where=where, fix="give the URL of the OPA itself",
        )  # fmt: skip
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return LockstepError(
            f"OPA refused the token, or the lack of one (HTTP {status}){said}", where=where,
            fix="give the right token in LOCKSTEP_OPA_TOKEN or --opa-token-file, and let the OPA "
            "answer POST /v1/data/lockstep to it",
        )  # fmt: skip
    if status == HTTPStatus.NOT_FOUND:
        return LockstepError(
            f"there is no OPA at this URL (HTTP 404){said}", where=where,
            fix="give the URL without /v1/data, and with the path that a proxy puts before it",
        )  # fmt: skip
    return LockstepError(
        f"OPA refused the question with HTTP {status}{said}", where=where, fix=_AGAIN
    )


def _unreached(error: Exception, where: str) -> LockstepError:
    """The failure of a request that got no usable answer."""
    from requests import exceptions as failed

    if isinstance(error, failed.InvalidJSONError | ValueError | TypeError):
        said = f"{type(error).__name__}: {error}"[:300]
        text = f"a question or its answer is no JSON: {said}"
        return LockstepError(text, where=where, fix="see that this is the URL of an OPA")
    if isinstance(error, failed.SSLError):
        return _distrusted(str(error), where)
    if isinstance(error, failed.ConnectTimeout):
        return LockstepError("OPA did not accept a connection in time", where=where, fix=_REACH)
    # The time can run out before the first byte of an answer and in the middle of one.
    if isinstance(error, failed.ReadTimeout) or "Read timed out" in str(error):
        return LockstepError("OPA did not answer in time", where=where, fix=_AGAIN)
    if isinstance(error, failed.ChunkedEncodingError | failed.ContentDecodingError):
        return LockstepError("the answer of OPA was cut off", where=where, fix=_AGAIN)
    if "NameResolutionError" in str(error):
        return LockstepError("the name of this host cannot be resolved", where=where, fix=_REACH)
    text = f"OPA cannot be reached: {type(error).__name__}"
    return LockstepError(text, where=where, fix=_REACH)


def _distrusted(said: str, where: str) -> LockstepError:
    if "match" in said or "not valid for" in said:  # OpenSSL's and urllib3's words for the name
        return LockstepError(
            "the certificate of this OPA is for another host", where=where,
            fix="use a name that stands in the certificate",
        )  # fmt: skip
    if "CERTIFICATE_VERIFY_FAILED" in said:
        reason = said.partition("certificate verify failed: ")[2].partition(" (")[0][:120]
        return LockstepError(
            f"the certificate of this OPA is not trusted: {reason or 'no reason given'}",
            where=where, fix="give the CA that signed it with --opa-ca FILE",
        )  # fmt: skip
    return LockstepError(
        "no TLS connection could be made to this OPA", where=where,
        fix="see that it speaks TLS 1.2 or newer, and whether it asks for a client certificate",
    )  # fmt: skip


def _message(response: Any) -> str:
    """What OPA itself says, as ``: ...``; empty where it says nothing of the kind."""
    try:
        message = response.json()["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f": {message[:300]}" if isinstance(message, str) else ""

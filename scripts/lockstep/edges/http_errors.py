"""What a request to a server that got no usable answer means, and what to do about it.

requests reports some failures only in its text, so that a few words of its messages, and of
OpenSSL's, are compared here.
"""

from dataclasses import dataclass

from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import one_line


@dataclass(frozen=True, slots=True)
class Words:
    """How messages call a server, and what they say to do.

    ``what`` begins sentences: ``OPA``. ``again`` is for a failure that may be over the next time,
    ``reach`` for a server that cannot be reached, ``kind`` for an answer that another kind of
    server gives, ``trust`` for a certificate whose CA is not known, ``moved`` for a redirect.
    """

    what: str
    again: str
    reach: str
    kind: str
    trust: str
    moved: str = "give the address of the server itself"


def unreached(error: Exception, words: Words, where: str) -> LockstepError:
    """The error to raise for what a request has raised; ``where`` names the server."""
    from requests import exceptions as failed

    what = words.what
    if isinstance(error, failed.InvalidJSONError | ValueError | TypeError):
        said = one_line(f"{type(error).__name__}: {error}", 300)
        text = f"a request or its answer is not JSON: {said}"
        return LockstepError(text, where=where, fix=words.kind)
    if isinstance(error, failed.SSLError):
        return _distrusted(str(error), words, where)
    if isinstance(error, failed.ConnectTimeout):
        text = f"{what} did not accept a connection in time"
        return LockstepError(text, where=where, fix=words.reach)
    # A timeout in the middle of an answer comes as a ConnectionError.
    if isinstance(error, failed.ReadTimeout) or "Read timed out" in str(error):
        return LockstepError(f"{what} did not answer in time", where=where, fix=words.again)
    if isinstance(error, failed.ChunkedEncodingError | failed.ContentDecodingError):
        return LockstepError(f"the answer of {what} was cut off", where=where, fix=words.again)
    if "NameResolutionError" in str(error):
        text = "the name of this host cannot be resolved"
        return LockstepError(text, where=where, fix=words.reach)
    if "Connection refused" in str(error):
        return LockstepError(
            f"{what} cannot be reached: it refuses connections", where=where, fix=words.reach
        )
    text = f"{what} cannot be reached: {type(error).__name__}"
    return LockstepError(text, where=where, fix=words.reach)


def was_sent(error: Exception) -> bool:
    """Whether a request may have reached the server."""
    from requests import exceptions as failed
    from urllib3.exceptions import NewConnectionError

    if isinstance(error, failed.ConnectTimeout | failed.SSLError):
        return False
    cause = error.args[0] if error.args else None
    return not isinstance(getattr(cause, "reason", cause), NewConnectionError)


def why_untrusted(said: str) -> str:
    """Why a certificate was refused, by the text of an error that OpenSSL has caused."""
    reason = said.partition("certificate verify failed: ")[2].partition(" (")[0]
    return one_line(reason, 120) or "no reason given"


def _distrusted(said: str, words: Words, where: str) -> LockstepError:
    if "match" in said or "not valid for" in said:  # OpenSSL's and urllib3's words
        return LockstepError(
            f"the certificate of {words.what} is for another host", where=where,
            fix="use a host name that is in the certificate",
        )  # fmt: skip
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return LockstepError(
            f"the certificate of {words.what} is not trusted: {why_untrusted(said)}",
            where=where, fix=words.trust,
        )  # fmt: skip
    return LockstepError(
        f"no TLS connection could be made to {words.what}", where=where,
        fix="check that it speaks TLS 1.2 or newer, and whether it asks for a client certificate",
    )  # fmt: skip

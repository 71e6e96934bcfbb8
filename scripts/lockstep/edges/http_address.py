"""Addresses of servers, and the tokens and certificates that they and Lockstep show each other."""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lockstep.model.errors import LockstepError, UsageError

LONGEST_TOKEN = 16_000
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""RFC 6750, 2.1: what a bearer token is made of."""
_URL_FIX = "give it as https://host, https://host:port or https://host/path"


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URL without a slash at its end; ``host`` has no brackets.

    What is sent to an address that is ``private`` can be read by nobody on the network path: it is
    encrypted, or stays on this machine.
    """

    url: str
    host: str
    port: int
    encrypted: bool
    private: bool


def parse_address(url: str, what: str, where: str, token_fix: str) -> Address:
    """Parse the URL of a server. Raises UsageError for one that cannot, or must not, be used.

    ``what`` is the server in words, ``where`` the option or field that gives the URL, ``token_fix``
    says where a credential belongs. A URL is shown in logs and kept in records, so it must not hold
    a user, password or query; the errors do not show it.
    """

    def unusable(reason: str, fix: str = _URL_FIX) -> UsageError:
        return UsageError(f"the URL of {what} {reason}", where=where, fix=fix)

    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # from None: its text may hold the password of the URL
        raise unusable("cannot be parsed") from None
    if parts.username is not None or parts.password is not None:
        raise unusable("must not hold a user or a password", token_fix)
    # A lone ? or # leaves its part empty, so the text is searched as well.
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise unusable("must not hold a query or a fragment")
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
        raise unusable("is not an http or https URL with a host")
    encrypted = parts.scheme == "https"
    given = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
    default = 443 if encrypted else 80
    private = encrypted or is_loopback(parts.hostname)
    return Address(given, parts.hostname, default if port is None else port, encrypted, private)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine for sure: a name other than localhost may be any address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def valid_token(text: str, where: str) -> str:
    """The bearer token in a text, without white space around it; empty where there is none.

    ``where`` names the variable or file. Raises LockstepError, which does not show it, for a token
    that cannot be sent: it becomes a header, and a line break in it could begin another one.
    """
    token = text.strip()
    if token and (len(token) > LONGEST_TOKEN or not _TOKEN.fullmatch(token)):
        raise LockstepError(
            "this is not a bearer token: it is too long, or a character in it cannot be sent",
            where=where,
            fix="give the token alone, as letters, digits and -._~+/=",
        )
    return token


def certificate_file(file: Path, whose: str) -> str:
    """The path of a PEM with certificates (``whose`` in a word), once it has been read.

    Raises LockstepError where it cannot be read: the error of a request would not name the file.
    """
    import ssl  # takes long, and most runs need none

    try:
        ssl.create_default_context().load_verify_locations(file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = error.strerror if isinstance(error, OSError) else None
        raise LockstepError(
            f"the {whose} certificate cannot be read: {reason or type(error).__name__}",
            where=str(file), fix="give a file of certificates in PEM",
        ) from None  # fmt: skip
    return str(file)

"""Where a running OPA is, and the token and certificates that it and Lockstep show each other."""

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lockstep.model.errors import LockstepError, UsageError

TOKEN_VARIABLE = "LOCKSTEP_OPA_TOKEN"  # noqa: S105

_LONGEST_TOKEN = 16_000
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""RFC 6750, 2.1: what a bearer token is made of."""
_URL_FIX = "give it as https://host, https://host:port or https://host/path"


@dataclass(frozen=True, slots=True)
class OpaOptions:
    """Which OPA evaluates: the one at ``url``, or a child process where it is empty.

    ``token_file`` holds the bearer token (by default LOCKSTEP_OPA_TOKEN does), ``ca_file`` the CA
    in PEM that signed the server's certificate (by default the system's CAs), ``client_cert`` a
    PEM with certificate and key, for a server that asks for one.
    """

    url: str = ""
    token_file: Path | None = None
    ca_file: Path | None = None
    client_cert: Path | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed and allowed ``url`` without a slash at its end; ``host`` has no brackets."""

    url: str
    host: str
    port: int
    encrypted: bool


def parse_address(url: str) -> Address:
    """Parse the URL of an OPA. Raises UsageError for one that cannot, or must not, be used.

    Plain http is for this machine alone: elsewhere anyone on the network path could read the token
    and write the answers. A URL is shown in logs, so it must not hold a user, password or query.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # from None: its text may hold the password of the URL
        raise _unusable("the URL of the OPA cannot be parsed") from None
    if parts.username is not None or parts.password is not None:
        raise _unusable("the URL of the OPA must not hold a user or a password",
                        f"give the token in {TOKEN_VARIABLE} or --opa-token-file")  # fmt: skip
    # A lone ? or # leaves its part empty, so the text is searched as well.
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise _unusable("the URL of the OPA must not hold a query or a fragment")
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
        raise _unusable("the URL of the OPA is not an http or https URL with a host")
    encrypted = parts.scheme == "https"
    if not encrypted and not _is_loopback(parts.hostname):
        raise _unusable("an OPA on another machine must not be used over plain http",
                        "use https: without it others can read and forge answers")  # fmt: skip
    given = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
    default = 443 if encrypted else 80
    return Address(given, parts.hostname, default if port is None else port, encrypted)


def read_token(options: OpaOptions) -> str:
    """The bearer token, from the file or the environment; empty where there is none.

    Raises LockstepError for one that cannot be read or sent; no message shows it.
    """
    if options.token_file is None:
        return _valid_token(os.environ.get(TOKEN_VARIABLE, ""), TOKEN_VARIABLE)
    where = str(options.token_file)
    try:
        with options.token_file.open("rb") as file:
            data = file.read(_LONGEST_TOKEN + 1)
    except OSError as error:
        raise LockstepError(
            f"the token cannot be read: {error.strerror}", where=where, fix="give another file"
        ) from None
    if not data.strip():
        raise LockstepError(
            "there is no token in this file", where=where, fix="write the bearer token to the file"
        )
    return _valid_token(data.decode(errors="replace"), where)


def ca_of(options: OpaOptions) -> str:
    """The CA file or folder that a server's certificate is checked with.

    Raises LockstepError where the file of the options is missing, or this system has no CAs.
    """
    if options.ca_file is not None:
        return _readable(options.ca_file, "CA")
    import ssl  # takes long, and an OPA that is a child of this run needs none

    system = ssl.get_default_verify_paths()
    found = system.cafile or system.capath
    if not found:
        raise LockstepError("this system has no CA certificates", fix="give --opa-ca FILE")
    return found


def client_certificate(options: OpaOptions) -> str | None:
    """The client's certificate with its key, if any. Raises LockstepError where it is missing."""
    return _readable(options.client_cert, "client") if options.client_cert is not None else None


def _readable(file: Path, whose: str) -> str:
    import ssl

    try:
        # Tried before any request, whose error would not name the file.
        ssl.create_default_context().load_verify_locations(file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = error.strerror if isinstance(error, OSError) else None
        raise LockstepError(
            f"the {whose} certificate cannot be read: {reason or type(error).__name__}",
            where=str(file), fix="give a file of certificates in PEM",
        ) from None  # fmt: skip
    return str(file)


def _valid_token(text: str, where: str) -> str:
    token = text.strip()
    # It becomes a header: a line break in it could begin another one.
    if token and (len(token) > _LONGEST_TOKEN or not _TOKEN.fullmatch(token)):
        raise LockstepError(
            "this is not a bearer token: it is too long, or a character in it cannot be sent",
            where=where,
            fix="give the token alone, as letters, digits and -._~+/=",
        )  # fmt: skip
    return token


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    # A name, which may resolve to any address.
    except ValueError:
        return False


def _unusable(message: str, fix: str = _URL_FIX) -> UsageError:
    return UsageError(message, where="--opa-url", fix=fix)

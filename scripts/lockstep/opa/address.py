"""Where a running OPA is, and how one proves to each other who one is: URL, token, certificates."""

import ipaddress
import os
import re
import ssl
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
    """Which OPA to ask: the one at ``url``, or a child where it is empty.

    ``token_file`` holds the bearer token (else LOCKSTEP_OPA_TOKEN does), ``ca_file`` the CA in PEM
    that signed the server's certificate (else the system's CAs count), ``client_cert`` a PEM with
    certificate and key, for a server that asks for one.
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


def address_of(url: str) -> Address:
    """Parse the URL of an OPA. Raises UsageError for one that must not, or cannot, be asked.

    Plain http is for this machine alone: elsewhere anyone on the way reads the token and writes
    the verdicts. A URL ends up in logs, so that it holds no user, password or query.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _unusable("the URL of the OPA cannot be parsed") from None
    if parts.username is not None or parts.password is not None:
        raise _unusable("the URL of the OPA must not hold a user or a password",
                        f"give the token in {TOKEN_VARIABLE} or --opa-token-file")  # fmt: skip
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise _unusable("the URL of the OPA must not hold a query or a fragment")
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
        raise _unusable("the URL of the OPA is not one of http or https with a host")
    encrypted = parts.scheme == "https"
    if not encrypted and not _is_loopback(parts.hostname):
        raise _unusable("an OPA on another machine is not asked over plain http",
                        "use https; what is not encrypted can be read and forged")  # fmt: skip
    given = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
    default = 443 if encrypted else 80
    return Address(given, parts.hostname, default if port is None else port, encrypted)


def token_of(options: OpaOptions) -> str:
    """The bearer token, from the file or the environment; empty where there is none.

    Raises LockstepError for one that cannot be read or sent, without showing it.
    """
    if options.token_file is None:
        return _sound_token(os.environ.get(TOKEN_VARIABLE, ""), TOKEN_VARIABLE)
    where = str(options.token_file)
    try:
        with options.token_file.open("rb") as file:
            data = file.read(_LONGEST_TOKEN + 1)
    except OSError as error:
        raise LockstepError(
            f"the token cannot be read: {error.strerror}", where=where, fix="give another file"
        ) from None
    if not data.strip():
        raise LockstepError("there is no token in this file", where=where)
    return _sound_token(data.decode(errors="replace"), where)


def trusted(options: OpaOptions) -> str:
    """The CA file or folder that a server's certificate is held against.

    Raises LockstepError where the one that was asked for is missing, or this system has none.
    """
    if options.ca_file is not None:
        return _readable(options.ca_file, "CA")
    system = ssl.get_default_verify_paths()
    found = system.cafile or system.capath
    if not found:
        raise LockstepError("this system has no CA certificates", fix="give --opa-ca FILE")
    return found


def client_certificate(options: OpaOptions) -> str | None:
    """The client's certificate with its key, if any. Raises LockstepError where it is missing."""
    return _readable(options.client_cert, "client") if options.client_cert is not None else None


def _readable(file: Path, whose: str) -> str:
    try:
        ssl.create_default_context().load_verify_locations(file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = error.strerror if isinstance(error, OSError) else None
        raise LockstepError(
            f"the {whose} certificate cannot be read: {reason or type(error).__name__}",
            where=str(file), fix="give a file of certificates in PEM",
        ) from None  # fmt: skip
    return str(file)


def _sound_token(text: str, where: str) -> str:
    token = text.strip()
    if token and (len(token) > _LONGEST_TOKEN or not _TOKEN.fullmatch(token)):
        raise LockstepError(
            "this is no bearer token: a character in it cannot be sent", where=where,
            fix="give the token alone, as letters, digits and -._~+/=",
        )  # fmt: skip
    return token


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unusable(message: str, fix: str = _URL_FIX) -> UsageError:
    return UsageError(message, where="--opa-url", fix=fix)

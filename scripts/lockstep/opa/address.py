"""Where a running OPA is, and the token and certificates that it and Lockstep show each other."""

import os
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges import http_address
from lockstep.edges.http_address import LONGEST_TOKEN, Address, certificate_file, valid_token
from lockstep.model.errors import LockstepError, UsageError

TOKEN_VARIABLE = "LOCKSTEP_OPA_TOKEN"  # noqa: S105


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


def parse_address(url: str) -> Address:
    """Parse the URL of an OPA. Raises UsageError for one that cannot, or must not, be used.

    Plain http is for this machine alone: elsewhere anyone on the network path could read the token
    and write the answers.
    """
    fix = f"give the token in {TOKEN_VARIABLE} or --opa-token-file"
    address = http_address.parse_address(url, "the OPA", "--opa-url", fix)
    if not address.private:
        raise UsageError(
            "an OPA on another machine must not be used over plain http", where="--opa-url",
            fix="use https: without it others can read and forge answers",
        )  # fmt: skip
    return address


def read_token(options: OpaOptions) -> str:
    """The bearer token, from the file or the environment; empty where there is none.

    Raises LockstepError for one that cannot be read or sent; no message shows it.
    """
    if options.token_file is None:
        return valid_token(os.environ.get(TOKEN_VARIABLE, ""), TOKEN_VARIABLE)
    where = str(options.token_file)
    try:
        with options.token_file.open("rb") as file:
            data = file.read(LONGEST_TOKEN + 1)
    except OSError as error:
        raise LockstepError(
            f"the token cannot be read: {error.strerror}", where=where, fix="give another file"
        ) from None
    if not data.strip():
        raise LockstepError(
            "there is no token in this file", where=where, fix="write the bearer token to the file"
        )
    return valid_token(data.decode(errors="replace"), where)


def ca_of(options: OpaOptions) -> str:
    """The CA file or folder that a server's certificate is checked with.

    Raises LockstepError where the file of the options is missing, or this system has no CAs.
    """
    if options.ca_file is not None:
        return certificate_file(options.ca_file, "CA")
    import ssl  # takes long, and an OPA that is a child of this run needs none

    system = ssl.get_default_verify_paths()
    found = system.cafile or system.capath
    if not found:
        raise LockstepError("this system has no CA certificates", fix="give --opa-ca FILE")
    return found


def client_certificate(options: OpaOptions) -> str | None:
    """The client's certificate with its key, if any. Raises LockstepError where it is missing."""
    return None if options.client_cert is None else certificate_file(options.client_cert, "client")

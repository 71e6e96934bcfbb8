"""The servers that gates may ask, and the secrets that each of them gets."""

import ipaddress
import os
from collections.abc import Mapping

from msgspec import Struct, field

from lockstep.edges.http import Server
from lockstep.edges.http_address import parse_address, valid_token
from lockstep.edges.http_errors import Words
from lockstep.model.errors import LockstepError, NotConfigured

FILE = "policies/data/http.yaml"
"""Where an organisation lists them."""

VARIABLES = "LOCKSTEP_HTTP_"
"""How the names of variables with secrets begin: data must not send any other to a server."""

_LONGEST = 16_000
_OWN_METADATA = frozenset(("metadata.google.internal", "metadata", "instance-data"))


class HttpServer(Struct, frozen=True):
    """A server by its base address, and the variables whose values it gets.

    ``token`` names the variable with a bearer token; ``headers`` names one for each header.
    """

    url: str
    token: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def server_of(name: str, listed: HttpServer) -> Server:
    """The server to talk with. Raises LockstepError where it cannot, or must not, be asked."""
    address = parse_address(listed.url, f"the server {name}", FILE, "name a variable as its token")
    if _is_metadata(address.host):
        # The cloud gives whoever asks from this machine its credentials there.
        text = f"the server {name} is at an address of the machine's own metadata"
        raise LockstepError(text, where=FILE, fix="list the server that has the evidence")
    words = Words(
        f"the server {name}",
        "look at the server, then run it again",
        f"check url in {FILE}, and that this machine reaches it",
        f"check url in {FILE}, and path of the gate",
        "have REQUESTS_CA_BUNDLE name the certificate of its CA",
    )
    secrets = {header: _header(variable) for header, variable in listed.headers.items()}
    if listed.token:
        secrets["Authorization"] = f"Bearer {valid_token(_secret(listed.token), listed.token)}"
    named = ", ".join([listed.token, *listed.headers.values()]).strip(", ")
    access = f"check the value of {named}" if named else f"name a variable as token in {FILE}"
    return Server(address, words, access, secrets)


def _is_metadata(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return host.lower().rstrip(".") in _OWN_METADATA


def _header(variable: str) -> str:
    """The value of a header. Raises LockstepError, which does not show it, for an unusable one."""
    value = _secret(variable).strip()
    if not value or len(value) > _LONGEST or not (value.isascii() and value.isprintable()):
        text = "its value cannot be sent in a header: it is empty, too long, or not printable ASCII"
        raise LockstepError(text, where=variable, fix="give the value alone, on one line")
    return value


def _secret(variable: str) -> str:
    if not variable.startswith(VARIABLES):
        text = f"the variable's name has to begin with {VARIABLES}"
        raise LockstepError(text, where=FILE, fix="rename the variable")
    value = os.environ.get(variable, "")
    if not value:
        text = "this variable is not set, and a gate needs it"
        raise NotConfigured(text, where=variable, fix="set it where lockstep runs")
    return value

"""Which forge holds a repository, and a conversation with it.

The token comes from the environment and goes to one host only: that of the repository, or the one
that ``lockstep.yaml`` names on the followed branch.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lockstep import __version__
from lockstep.edges.http import Conversation, Limits, Server
from lockstep.edges.http_address import Address, parse_address, valid_token
from lockstep.edges.http_errors import Words
from lockstep.forges import gitea, github
from lockstep.forges.base import Forge, ForgeKind
from lockstep.forges.throttle import throttle
from lockstep.model.errors import UsageError
from lockstep.model.forge import UNDECLARED, ForgeSettings
from lockstep.model.repository_address import repository_place
from lockstep.text.sanitise import quoted

TOKEN_VARIABLE = "LOCKSTEP_FORGE_TOKEN"  # noqa: S105
"""The environment variable with the token, whichever the forge."""
KINDS: Mapping[str, ForgeKind] = {each.id: each for each in (github.KIND, gitea.KIND)}
"""The kinds of forges; a further one is its module and its name here."""
_PART = re.compile(r"[A-Za-z0-9._-]{1,100}")
_ANSWERS = 32 * 1024 * 1024
_HOW = "write in lockstep.yaml " + " or ".join(f"forge: {{kind: {kind}}}" for kind in KINDS)


@dataclass(frozen=True, slots=True)
class ForgePlace:
    """A repository at a forge: ``api`` is the root of its API, ``repository`` is ``owner/name``.

    ``variable`` is where the token was found.
    """

    kind: str
    api: Address
    repository: str
    variable: str
    token: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.repository} at {KINDS[self.kind].name}, {self.api.url}"


@dataclass(frozen=True, slots=True)
class NoForge:
    """Why there is no forge to talk to, and what would give one."""

    reason: str
    fix: str


def find_forge(
    address: str, environ: Mapping[str, str], declared: ForgeSettings = UNDECLARED
) -> ForgePlace | NoForge:
    """The place of the repository that has an address, as a remote of git or lockstep.yaml has it.

    Nothing is asked. Raises UsageError for what is declared and cannot be, and LockstepError for a
    token that cannot be sent.
    """
    host, path = repository_place(address)
    if not host:
        return NoForge("the repository is a folder", "give it a remote at a forge")
    kind = declared.kind or _kind_of(host, environ)
    if not kind:
        return NoForge(f"no forge is known for {quoted(host)}", _HOW)
    if kind not in KINDS:
        raise UsageError(f"there is no forge of kind {quoted(kind)}", where="forge.kind", fix=_HOW)
    owner_and_name = path.split("/")[-2:] if declared.api else path.split("/")
    if len(owner_and_name) != 2 or not all(map(_is_name, owner_and_name)):
        return NoForge(f"{quoted(path)} is not owner/name", "correct repository in lockstep.yaml")
    variable, token = _token(kind, host, environ)
    known = KINDS[kind]
    if not token:
        return NoForge(
            f"there is no token for {known.name}", f"set {TOKEN_VARIABLE}, or {known.token}"
        )
    root = parse_address(
        declared.api or _root_of(kind, host, environ), f"the API of {known.name}", "forge.api",
        f"give the token in {TOKEN_VARIABLE}",
    )  # fmt: skip
    return ForgePlace(kind, root, "/".join(owner_and_name), variable, token)


@contextmanager
def open_forge(place: ForgePlace, seconds: float = 60.0) -> Iterator[Forge]:
    """A conversation with a forge about one repository, which ends after so many seconds."""
    origin, prefix = _split(place.api)
    with Conversation(_server(place, origin), Limits(seconds, _ANSWERS)) as talk:
        yield KINDS[place.kind].open(talk, prefix, place.repository)


def _server(place: ForgePlace, origin: Address) -> Server:
    kind = KINDS[place.kind]
    name = kind.name
    return Server(
        address=origin,
        words=Words(
            what=name,
            again=f"run it again later; where {name} limits requests, when the limit ends",
            reach=f"check the network, and forge.api in lockstep.yaml: {place.api.url}",
            kind=f"check that {place.repository} exists and that the token in {place.variable} may "
            "read it, and forge.kind and forge.api in lockstep.yaml",
            trust="name the file of the CA's certificate in REQUESTS_CA_BUNDLE",
            moved="the repository may have another name now: correct repository in lockstep.yaml",
        ),
        access=f"check the token in {place.variable} and its rights: lockstep doctor says which "
        "are missing",
        secrets={"Authorization": f"Bearer {place.token}"},
        headers={"User-Agent": f"lockstep/{__version__}", **kind.headers},
        throttle=throttle,
    )


def _kind_of(host: str, environ: Mapping[str, str]) -> str:
    """The kind of the forge at a host, where host or runner tell."""
    if host == github.HOST:
        return "github"
    if _is_runners(host, environ):
        return "gitea" if environ.get("GITEA_ACTIONS") == "true" else "github"
    return ""


def _is_runners(host: str, environ: Mapping[str, str]) -> bool:
    """Whether this runs in a workflow of the forge at a host, whose runner set the variables."""
    server = urlsplit(environ.get("GITHUB_SERVER_URL", "")).hostname
    return bool(environ.get("GITHUB_API_URL")) and server == host


def _root_of(kind: str, host: str, environ: Mapping[str, str]) -> str:
    if _is_runners(host, environ):
        return environ["GITHUB_API_URL"]
    return KINDS[kind].api_of(host)


def _token(kind: str, host: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The variable that has the token, and the token; both empty where there is none."""
    # A runner of Gitea gives its jobs a token under GitHub's name.
    own = _is_runners(host, environ) and kind == "gitea"
    for variable in (TOKEN_VARIABLE, KINDS[kind].token, *([github.KIND.token] if own else [])):
        if token := valid_token(environ.get(variable, ""), variable):
            return variable, token
    return "", ""


def _is_name(text: str) -> bool:
    return bool(_PART.fullmatch(text)) and text not in (".", "..")


def _split(api: Address) -> tuple[Address, str]:
    """The server's own address, and the path of its API."""
    parts = urlsplit(api.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return Address(origin, api.host, api.port, api.encrypted, api.private), parts.path

"""Reads objects from Kubernetes' API. It can send a GET and nothing else.

A conversation with one API has a bound on its total time, whatever the server does meanwhile, and
on the bytes of all its answers. Redirects are not followed.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote, urlencode

from lockstep.edges import bounded, strict_json
from lockstep.edges.http_errors import why_untrusted
from lockstep.edges.kubernetes_access import KubernetesAccess, KubernetesConnection
from lockstep.model.document import Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import plain_line

_CONNECT = 5.0
"""The seconds to wait for a connection."""
_PART = 65_536
_PAGE = 250
"""Objects that are asked for at once."""
_MOST_OBJECTS = 50_000
_DEEPEST = 100
"""Levels of values in an answer: objects have about thirty, and readers recurse into them."""
_PAUSES = (0.5, 1.0)
"""The seconds before each further attempt where a server is overloaded."""
_BUSY = (429, 500, 502, 503, 504)
_NEVER_READ = frozenset({("", "Secret")})

DOCS = "the how-to page on drift has the ClusterRole"


class KindNotRead(LockstepError):
    """The API refuses one kind; what it has of others can be read."""


class ApiKind(NamedTuple):
    """A kind of object: the group of its API (empty for the core's), the version, the kind."""

    group: str
    version: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What all requests to one API may take together."""

    seconds: float = 60.0
    size: int = 256 * 1024 * 1024


class _Resource(NamedTuple):
    """Where a kind is in the API: its plural, and whether its objects are in namespaces."""

    plural: str
    namespaced: bool


class KubernetesReader:
    """Reads the API of one destination; its time begins when it is made.

    ``limits`` are the seconds and bytes for all of its answers. Secrets are refused: nothing that
    Lockstep compares is in one.
    """

    def __init__(
        self, access: KubernetesAccess, destination: str, limits: ReadLimits = ReadLimits()
    ) -> None:
        self._access, self._destination, self._limits = access, destination, limits
        self._end = time.monotonic() + limits.seconds
        self._left = limits.size
        self._known: dict[tuple[str, str], dict[str, _Resource]] = {}
        self._connection: KubernetesConnection | None = None

    def close(self) -> None:
        """Close the connections."""
        if self._connection is not None:
            self._connection.client.rest_client.pool_manager.clear()

    def serves(self, kind: ApiKind) -> bool:
        """Whether the API has the kind; raises LockstepError where it cannot be asked."""
        return self._resource(kind) is not None

    def objects(self, kind: ApiKind, labels: str) -> list[Json]:
        """All objects of a kind, in all namespaces, that a label selector selects.

        Raises LockstepError where they cannot be listed, all of them: also where the API does not
        have the kind.
        """
        resource = self._required(kind)
        found: list[Json] = []
        following = ""
        while True:
            query = {"labelSelector": labels, "limit": str(_PAGE)}
            if following:
                query["continue"] = following
            page = self._ask(f"{_base(kind)}/{resource.plural}", query, kind, resource, "list")
            items = value_at(page, ("items",))
            if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
                raise self._error("the answer is not a list of objects", "check the server")
            # Items of a list do not repeat what they are.
            found += (
                {**each, "apiVersion": _api_version(kind), "kind": kind.kind} for each in items
            )
            if len(found) > _MOST_OBJECTS:
                raise self._error(
                    f"there are more than {_MOST_OBJECTS} objects of kind {kind}",
                    "compare one environment or one family at a time",
                )
            following = value_at(page, ("metadata", "continue")) or ""
            if not isinstance(following, str) or not following:
                return found

    def object(self, kind: ApiKind, namespace: str, name: str) -> Json | None:
        """One object; None where it does not exist. Raises as ``objects`` does."""
        resource = self._required(kind)
        path = _base(kind)
        if resource.namespaced:
            path += f"/namespaces/{quote(namespace, safe='')}"
        path += f"/{resource.plural}/{quote(name, safe='')}"
        found = self._ask(path, {}, kind, resource, "get", absent=True)
        if found is not None and not isinstance(found, dict):
            raise self._error("the answer is not an object", "check the server")
        return found

    def _required(self, kind: ApiKind) -> _Resource:
        if (kind.group, kind.kind) in _NEVER_READ:
            raise self._kind_error("Lockstep never reads a Secret", "leave it out of rendered/")
        resource = self._resource(kind)
        if resource is None:
            raise self._error(
                f"the API has no kind {kind} of version {kind.version}",
                "install its CustomResourceDefinition",
            )
        return resource

    def _resource(self, kind: ApiKind) -> _Resource | None:
        """Where a kind is, by the API's own list of one group and version."""
        key = (kind.group, kind.version)
        if key not in self._known:
            listed = self._ask(_base(kind), {}, kind, None, "get", absent=True)
            self._known[key] = dict(_resources(listed))
        return self._known[key].get(kind.kind)

    def _ask(
        self, path: str, query: Mapping[str, str], kind: ApiKind, resource: _Resource | None,
        verb: str, *, absent: bool = False,
    ) -> Json:  # fmt: skip
        """The JSON of a GET; None for what does not exist, with ``absent``."""
        left = max(self._end - time.monotonic(), 0.0)
        status, body = bounded.ask(
            f"kubernetes {self._destination} {self._end}",
            lambda: self._attempts(path, query), left, self._late(),
        )  # fmt: skip
        if status == HTTPStatus.NOT_FOUND and absent:
            return None
        if status != HTTPStatus.OK:
            self._refuse(status, body, kind, resource, verb)
        try:
            found = strict_json.decode(body)
            if _is_deep(found):
                raise ValueError(f"it has more than {_DEEPEST} levels")
        except ValueError as error:
            raise self._error(
                f"the answer cannot be read: {error}", "check that this is Kubernetes' API"
            ) from None
        return found

    def _attempts(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        for pause in (*_PAUSES, None):
            status, body = self._attempt(path, query)
            if status not in _BUSY or pause is None or time.monotonic() + pause >= self._end:
                return status, body
            time.sleep(pause)
        raise AssertionError("the last attempt returns")

    def _attempt(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        import urllib3

        if self._connection is None:
            self._connection = self._access.connect(self._destination)
        client = self._connection.client
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        # An exec plug-in may be run here again, where its token has expired.
        client.update_params_for_auth(headers, [], ["BearerToken"])
        url = client.configuration.host.rstrip("/") + path
        left = max(self._end - time.monotonic(), 0.1)
        try:
            response = client.rest_client.pool_manager.request(
                "GET", f"{url}?{urlencode(query)}" if query else url, headers=headers,
                timeout=urllib3.Timeout(connect=min(_CONNECT, left), read=left),
                redirect=False, retries=False, preload_content=False,
            )  # fmt: skip
            try:
                return response.status, b"".join(self._parts(response))
            finally:
                response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._unreached(error) from None

    def _parts(self, response: Any) -> Iterator[bytes]:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            # Not asked for, and a few bytes could unpack to any number.
            raise self._error("the answer is compressed", "check what is between here and the API")
        for part in response.stream(_PART, decode_content=False):
            self._left -= len(part)
            if self._left < 0:
                raise self._error(
                    f"it answered with more than {self._limits.size} bytes",
                    "compare one environment or one family at a time",
                )
            if time.monotonic() >= self._end:
                raise self._late()  # nobody waits for the rest
            yield part

    def _refuse(
        self, status: int, body: bytes, kind: ApiKind, resource: _Resource | None, verb: str
    ) -> NoReturn:
        said = self._said(body)
        if status == HTTPStatus.UNAUTHORIZED:
            raise self._error(
                f"the API does not accept the credentials (HTTP 401){said}",
                "renew the token or the certificate; kubectl auth whoami shows who it is for",
            )
        if status == HTTPStatus.FORBIDDEN:
            plural = resource.plural if resource else "*"
            raise self._kind_error(
                f"the API does not allow to {verb} {plural}"
                f"{f' of {kind.group}' if kind.group else ''} (HTTP 403){said}",
                f'add a rule {{apiGroups: ["{kind.group}"], resources: ["{plural}"], '
                f'verbs: ["get", "list"]}} to the ClusterRole of this user; {DOCS}',
            )
        if status == HTTPStatus.GONE:
            raise self._kind_error(
                f"the list has changed meanwhile (HTTP 410){said}", "run it again"
            )
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise self._error(
                f"it answers with a redirect (HTTP {status}), which is not followed",
                "give the address of the API itself",
            )
        raise self._error(
            f"it answers with HTTP {status}{said}", "look at the API, and run it again"
        )

    def _said(self, body: bytes) -> str:
        try:
            message = value_at(strict_json.decode(body), ("message",))
        except ValueError:
            return ""
        if not isinstance(message, str) or self._connection is None:
            return ""
        for secret in self._connection.secrets():
            message = message.replace(secret, "***")
        return f": {plain_line(message, 300)}"

    def _unreached(self, error: Exception) -> LockstepError:
        import urllib3.exceptions as failed

        said = str(error)
        if isinstance(error, failed.SSLError):
            if "CERTIFICATE_VERIFY_FAILED" in said:
                return self._error(
                    f"the certificate is not trusted: {why_untrusted(said)}",
                    "give the CA in the kubeconfig, or with --certificate-authority",
                )
            return self._error(
                "no TLS connection could be made", "check the address and the client's certificate"
            )
        if isinstance(error, failed.NameResolutionError):
            return self._error("the host's name cannot be resolved", "correct the server's address")
        # Older versions of urllib3 call a refused connection a timeout, too.
        if isinstance(error, failed.TimeoutError) and not isinstance(
            error, failed.NewConnectionError
        ):
            return self._error("it gave no answer in time", "look at the API, and run it again")
        refused = "refused" in said
        return self._error(
            "it refuses connections"
            if refused
            else f"it cannot be reached: {type(error).__name__}",
            "check the server's address, and that this machine may reach it",
        )

    def _late(self) -> LockstepError:
        return self._error(
            f"no answer within {round(self._limits.seconds, 1):g} seconds",
            "look at the API, or give more time with --timeout",
        )

    def _kind_error(self, message: str, fix: str) -> KindNotRead:
        error = self._error(message, fix)
        return KindNotRead(error.message, where=error.where, fix=error.fix)

    def _error(self, message: str, fix: str) -> LockstepError:
        where = self._connection.name if self._connection else self._destination
        return LockstepError(message, where=where, fix=fix)


def _is_deep(value: Json) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            below
            for each in level
            if isinstance(each, dict | list)
            for below in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def _base(kind: ApiKind) -> str:
    group = quote(kind.group, safe="")
    version = quote(kind.version, safe="")
    return f"/apis/{group}/{version}" if group else f"/api/{version}"


def _api_version(kind: ApiKind) -> str:
    return f"{kind.group}/{kind.version}" if kind.group else kind.version


def _resources(listed: Json) -> Iterator[tuple[str, _Resource]]:
    entries = value_at(listed, ("resources",))
    for each in entries if isinstance(entries, list) else []:
        name, kind = value_at(each, ("name",)), value_at(each, ("kind",))
        # A name with a slash is a part of a resource, such as its status.
        if isinstance(name, str) and isinstance(kind, str) and "/" not in name:
            yield kind, _Resource(name, value_at(each, ("namespaced",)) is True)

"""Argo CD's API server, asked within bounds of time and size; nothing here writes to git.

https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/

A token that may ``get`` an Application may also have it compared with git at once (``refresh``):
the API server notes the wish, and answers when the application controller has done it. So a fresh
answer proves that the controller lives, which the Application alone does not: a controller that
is gone leaves its last words there, ``Healthy`` among them.
"""

import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from lockstep.argocd.application import Application, read_application
from lockstep.edges.http import Conversation, Limits, Server
from lockstep.edges.http_address import certificate_file, parse_address, valid_token
from lockstep.edges.http_errors import Words
from lockstep.model.document import Json, value_at
from lockstep.model.errors import LockstepError, NotConfigured
from lockstep.text.sanitise import one_line

TOKEN_VARIABLE = "ARGOCD_AUTH_TOKEN"  # noqa: S105 (a name)
CA_VARIABLE = "LOCKSTEP_ARGOCD_CA"
FIELD = "spec.argocd.server in environment.yaml"

_SIZE = 16 * 1024 * 1024
ASKING = Limits(seconds=20.0, size=_SIZE)
"""What an answer of the API server may take."""
REFRESHING = Limits(seconds=40.0, size=_SIZE)
"""What a comparison with git may take: the controller has other Applications, too."""

_KIND = (
    f"check that {FIELD} is the address of an Argo CD, and that it has this Application: the"
    " Application of the environment brings it"
)
_TRUST = f"name the file of the CA that signed it in {CA_VARIABLE}"
_REACH = f"check that it runs, that this machine can reach it, and {FIELD}"

_SERVER = Words(
    "Argo CD",
    again="run the command again; if it happens again, look at the log of argocd-server",
    reach=_REACH, kind=_KIND, trust=_TRUST,
)  # fmt: skip
_CONTROLLER = Words(
    "Argo CD's application controller",
    again="see that argocd-application-controller and argocd-repo-server run, and what they log",
    reach=_REACH, kind=_KIND, trust=_TRUST,
)  # fmt: skip


class ArgocdApi:
    """Argo CD as one environment names it. Each call is a conversation with limits of its own."""

    def __init__(
        self, address: str, environment: str, *, asking: Limits = ASKING,
        refreshing: Limits = REFRESHING,
    ) -> None:  # fmt: skip
        """Raises LockstepError where there is no address or token, or one that cannot be used."""
        self._server = _server(address, environment)
        self._controller = replace(self._server, words=_CONTROLLER)
        self._asking, self._refreshing = asking, refreshing

    @property
    def url(self) -> str:
        """The address of the API server."""
        return self._server.address.url

    def application(
        self, name: str, namespace: str, project: str, *, refresh: bool = False
    ) -> Application:
        """An Application of a project; with ``refresh``, as it is once it is compared with git.

        Raises LockstepError where Argo CD cannot be asked, does not give it, or where what it
        gives is no Application.
        """
        params = {"appNamespace": namespace, "project": project}
        server, limits = self._server, self._asking
        if refresh:
            # Not "hard", which would have the manifests of all that use the cache made anew.
            params["refresh"] = "normal"
            server, limits = self._controller, self._refreshing
        answer = self._get(f"/applications/{quote(name, safe='')}", params, server, limits)
        try:
            return read_application(answer)
        except ValueError as error:
            raise self._unreadable(str(error)) from None

    def version(self) -> str:
        """The version of Argo CD, such as ``v3.6.1``. Raises as ``application`` does."""
        with Conversation(self._server, self._asking) as talk:
            found = value_at(talk.get("/api/version"), ("Version",))
        if not isinstance(found, str) or not found:
            raise self._unreadable("it has no Version")
        return one_line(found.partition("+")[0], 40)

    def account(self) -> str:
        """Whose token it is; empty where Argo CD takes it for nobody's. Raises as the others."""
        said = self._get("/session/userinfo", {}, self._server, self._asking)
        logged_in, name = value_at(said, ("loggedIn",)), value_at(said, ("username",), "")
        return one_line(str(name), 80) if logged_in is True else ""

    def _get(self, path: str, params: dict[str, str], server: Server, limits: Limits) -> Json:
        with Conversation(server, limits) as talk:
            return talk.get(f"/api/v1{path}", params)

    def _unreadable(self, why: str) -> LockstepError:
        text = f"the answer of Argo CD cannot be read: {one_line(why, 200)}"
        return LockstepError(text, where=self.url, fix=_SERVER.kind)


def _server(address: str, environment: str) -> Server:
    """The API server, with the token that this machine's environment has for it.

    The variables with the name of an environment, such as ARGOCD_AUTH_TOKEN_PROD, come before
    those without.
    """
    if not address:
        raise NotConfigured(
            f"no Argo CD is named for the environment {environment}", where=FIELD,
            fix="write its address there, as the machine that runs Lockstep reaches it",
        )  # fmt: skip
    name, token = _variable(TOKEN_VARIABLE, environment)
    token = valid_token(token, name)
    if not token:
        raise NotConfigured(
            f"there is no token for Argo CD: {TOKEN_VARIABLE} is not set",
            where=_SERVER.what,
            fix="have it hold the token of an account that may get Applications",
        )  # fmt: skip
    _, ca = _variable(CA_VARIABLE, environment)
    return Server(
        parse_address(address, "Argo CD", FIELD, f"give a token in {TOKEN_VARIABLE}"),
        _SERVER,
        access=f"give in {name} a token of an account that may get the Applications of this"
        " project: p, role:lockstep, applications, get, PROJECT/*, allow",
        secrets={"Authorization": f"Bearer {token}"},
        ca=certificate_file(Path(ca), "CA") if ca else "",
    )


def _variable(name: str, environment: str) -> tuple[str, str]:
    """The variable of an environment, or else the one for all, and its value."""
    own = f"{name}_{environment.upper().replace('-', '_')}"
    chosen = own if os.environ.get(own) else name
    return chosen, os.environ.get(chosen, "")

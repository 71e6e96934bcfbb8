"""Gitea by its API; https://docs.gitea.com/api."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from msgspec import Struct

from lockstep.edges.http import Conversation
from lockstep.forges.answers import Account, Label, RepositoryAnswer, StatusAnswer
from lockstep.forges.api import ForgeApi
from lockstep.forges.base import Forge, ForgeKind
from lockstep.forges.rest import RestForge
from lockstep.model.document import Json
from lockstep.model.forge import BranchProtection

_PAGE = {"limit": "50"}
_NO_COMMIT = "0" * 40
_COLOUR = "#1d76db"


class _Branch(Struct):
    """A branch, and how it is protected from the token's account."""

    protected: bool
    user_can_push: bool
    required_approvals: int = 0
    enable_status_check: bool = False
    status_check_contexts: list[str] | None = None


class Gitea(RestForge):
    """A repository at a Gitea (see base.Forge)."""

    name = "gitea"
    files_path = "src/commit"
    decisive: Mapping[str, bool | None] = {"APPROVED": True, "REQUEST_CHANGES": False}

    def _filter(self, head: str, base: str) -> Mapping[str, str]:
        return {"base_branch": base, "sort": "recentupdate"}

    def login(self) -> str:
        """See RestForge."""
        if not self._login:
            self._login = self._api.get("/user", Account).login
        return self._login

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """See base.Forge. Gitea adds only labels that the repository has."""
        if not labels:
            return
        path = f"{self._path}/labels"

        def find(name: str) -> Label | None:
            return next((e for e in self._api.items(path, Label) if e.name == name), None)

        for name in labels:
            if find(name) is None:
                body: Json = {"name": name, "color": _COLOUR}
                self._api.create(path, body, Label, lambda name=name: find(name))  # type: ignore[misc]
        self._api.write("POST", f"{self._path}/issues/{number}/labels", {"labels": list(labels)})

    def _statuses(self, sha: str) -> Iterator[StatusAnswer]:
        newest = {"sort": "recentupdate"}
        return self._api.items(f"{self._path}/commits/{sha}/statuses", StatusAnswer, newest)

    def protection(self, branch: str) -> BranchProtection:
        """See base.Forge."""
        found = self._api.get(f"{self._path}/branches/{quote(branch, safe='')}", _Branch)
        statuses = (found.status_check_contexts or ()) if found.enable_status_check else ()
        return BranchProtection(
            found.protected, tuple(statuses), found.required_approvals, found.user_can_push
        )

    def _may_push(self, home: RepositoryAnswer) -> bool | None:
        # A status needs the same scope of the token, and the same right of its account, as a push.
        return self._may_set_status() if home.permissions and home.permissions.push else False

    # What follows asks with a value of the wrong type. Gitea looks at the token before the body.

    def _may_open(self, branch: str) -> bool | None:
        return self._may(f"{self._path}/pulls", {"title": 0})

    def _may_set_status(self) -> bool | None:
        return self._may(f"{self._path}/statuses/{_NO_COMMIT}", {"state": 0})

    def _may_comment(self) -> bool | None:
        return self._may(f"{self._path}/issues/0/comments", {"body": 0})


def _open(talk: Conversation, prefix: str, repository: str) -> Forge:
    return Gitea(ForgeApi(talk, "Gitea", prefix, _PAGE), repository)


KIND = ForgeKind(
    id="gitea",
    name="Gitea",
    token="GITEA_TOKEN",  # noqa: S106
    rights="give it the scopes write:repository, write:issue and read:user, and its account "
    "write access to the repository",
    api_of=lambda host: f"https://{host}/api/v1",
    open=_open,
)

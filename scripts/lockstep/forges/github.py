"""GitHub, and GitHub Enterprise Server, by REST; https://docs.github.com/rest."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote

from msgspec import Struct, field

from lockstep.edges.http import Conversation
from lockstep.edges.http_answers import Forbidden, Refused
from lockstep.forges.answers import (
    Account,
    Permissions,
    RepositoryAnswer,
    StatusAnswer,
    StatusChecks,
)
from lockstep.forges.api import ForgeApi
from lockstep.forges.base import Forge, ForgeKind
from lockstep.forges.rest import RestForge
from lockstep.model.document import Json, value_at
from lockstep.model.forge import BranchProtection

HOST = "github.com"
_PAGE = {"per_page": "100"}
_HEADERS = {
    "Accept": "application/vnd.github+json, application/json;q=0.9",
    "X-GitHub-Api-Version": "2022-11-28",
}
_VIEWER = "query { viewer { login } }"
_MAY_PUSH = """
query($owner: String!, $name: String!, $ref: String!) {
  repository(owner: $owner, name: $name) {
    ref(qualifiedName: $ref) { refUpdateRule { viewerCanPush } }
  }
}
"""
_NO_OBJECT = "0" * 40


class _BranchChecks(Struct):
    """The protection of a branch, as every reader of the repository sees it."""

    enabled: bool = False
    required_status_checks: StatusChecks | None = None


class _Branch(Struct):
    protected: bool
    protection: _BranchChecks | None = None


class _Reviews(Struct):
    required_approving_review_count: int = 0


class _Protection(Struct):
    """The protection of a branch, as an administrator sees it."""

    required_pull_request_reviews: _Reviews | None = None


class _RequiredCheck(Struct):
    context: str


class _Parameters(Struct):
    required_status_checks: list[_RequiredCheck] = field(default_factory=list)
    required_approving_review_count: int = 0


class _Rule(Struct):
    """A rule of a ruleset that applies to a branch."""

    type: str
    parameters: _Parameters | None = None


class GitHub(RestForge):
    """A repository at GitHub (see base.Forge)."""

    name = "github"
    files_path = "blob"
    decisive: Mapping[str, bool | None] = {
        "APPROVED": True, "CHANGES_REQUESTED": False, "DISMISSED": None
    }  # fmt: skip

    def __init__(self, api: ForgeApi, repository: str, graphql: str) -> None:
        """``graphql`` is the path of GraphQL, which the root of REST does not contain."""
        super().__init__(api, repository)
        self._graphql = graphql

    def _filter(self, head: str, base: str) -> Mapping[str, str]:
        owner = self.repository.partition("/")[0]
        return {"head": f"{owner}:{head}", "base": base}

    def login(self) -> str:
        """See RestForge. An app's token may not ask who it is by REST, but by GraphQL."""
        if not self._login:
            try:
                self._login = self._api.get("/user", Account).login
            except Forbidden as error:
                if error.status != HTTPStatus.FORBIDDEN:
                    raise
                self._login = self._app()
        return self._login

    def _app(self) -> str:
        answer = self._api.graphql(self._graphql, _VIEWER, {})
        login = value_at(answer, ("data", "viewer", "login"))
        if not isinstance(login, str) or not login:
            raise self._api.unreadable("it does not say who the token belongs to")
        # Only an app's comments are by an account of this form, which no person can have.
        return login if login.endswith("[bot]") else f"{login}[bot]"

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """See base.Forge."""
        if labels:
            self._api.write(
                "POST", f"{self._path}/issues/{number}/labels", {"labels": list(labels)}
            )

    def _statuses(self, sha: str) -> Iterator[StatusAnswer]:
        return self._api.items(f"{self._path}/commits/{sha}/statuses", StatusAnswer)

    def protection(self, branch: str) -> BranchProtection:
        """See base.Forge. Classic protection and rulesets count together."""
        path = f"{self._path}/branches/{quote(branch, safe='')}"
        found = self._api.get(path, _Branch)
        rules = self._rules(branch)
        classic = found.protection and found.protection.required_status_checks
        statuses = [*(classic.contexts if classic else ())]
        approvals, known = 0, True
        if found.protection and found.protection.enabled:
            approvals, known = self._approvals(path)
        for rule in rules:
            if rule.parameters:
                statuses += (each.context for each in rule.parameters.required_status_checks)
                approvals = max(approvals, rule.parameters.required_approving_review_count)
        protected = found.protected or bool(rules)
        return BranchProtection(
            protected, tuple(dict.fromkeys(statuses)), approvals,
            self._may_push_to(branch, rules) if protected else None, known,
        )  # fmt: skip

    def _rules(self, branch: str) -> list[_Rule]:
        path = f"{self._path}/rules/branches/{quote(branch, safe='')}"
        try:
            return list(self._api.items(path, _Rule))
        except Refused as error:
            if error.status != HTTPStatus.NOT_FOUND:  # older servers have no rulesets
                raise
            return []

    def _approvals(self, path: str) -> tuple[int, bool]:
        """How many approvals classic protection requires, and whether the token may read that."""
        try:
            reviews = self._api.get(f"{path}/protection", _Protection).required_pull_request_reviews
        except (Forbidden, Refused):  # 404 without the right to see it
            return 0, False
        return (reviews.required_approving_review_count if reviews else 0), True

    def _may_push_to(self, branch: str, rules: Sequence[_Rule]) -> bool | None:
        """By classic protection alone: who may bypass a ruleset, only its owner sees."""
        if any(rule.type in ("pull_request", "update", "required_status_checks") for rule in rules):
            return None
        owner, _, name = self.repository.partition("/")
        ref = f"refs/heads/{branch}"
        try:
            answer = self._api.graphql(
                self._graphql, _MAY_PUSH, {"owner": owner, "name": name, "ref": ref}
            )
        except (Forbidden, Refused):
            return None
        rule = ("data", "repository", "ref", "refUpdateRule", "viewerCanPush")
        may: Json = value_at(answer, rule)
        return may if isinstance(may, bool) else None

    def _may_push(self, home: RepositoryAnswer) -> bool | None:
        # permissions are the account's, and a token may have less; what is asked for here is a
        # reference to an object that no repository has.
        refs = {"ref": "refs/heads/lockstep/never-made", "sha": _NO_OBJECT}
        may = self._may(f"{self._path}/git/refs", refs)
        return False if (home.permissions or Permissions(push=True)).push is False else may

    def _may_open(self, branch: str) -> bool | None:
        never = {"title": "never made", "head": branch, "base": branch}
        return self._may(f"{self._path}/pulls", never)

    def _may_set_status(self) -> bool | None:
        never = {"state": "pending", "context": "never set"}
        return self._may(f"{self._path}/statuses/{_NO_OBJECT}", never)

    def _may_comment(self) -> bool | None:
        # GitHub answers 404 for a pull request that does not exist, whatever the token may do.
        return None


def _api_of(host: str) -> str:
    return "https://api.github.com" if host == HOST else f"https://{host}/api/v3"


def _open(talk: Conversation, prefix: str, repository: str) -> Forge:
    # At GitHub itself REST is at the root of a host, on a server of one's own in /api/v3.
    graphql = f"{prefix.removesuffix('/v3')}/graphql"
    return GitHub(ForgeApi(talk, "GitHub", prefix, _PAGE), repository, graphql)


KIND = ForgeKind(
    id="github",
    name="GitHub",
    token="GITHUB_TOKEN",  # noqa: S106
    rights="give it write access to contents, pull requests and commit statuses",
    api_of=_api_of,
    open=_open,
    headers=_HEADERS,
)

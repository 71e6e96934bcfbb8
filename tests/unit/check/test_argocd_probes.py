"""What doctor finds in the Argo CD of a fleet's environments."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep.check.argocd_probes import argocd_probes
from lockstep.edges import bounded
from lockstep.model.tool_results import Health, Probe
from tests.unit.edges.repositories import commit, git, new_repository
from tests.unit.gate_sources.argocd.answers import NAME, PROJECT, application
from tests.unit.json_server import Answers, Reply, Request, json_server

MANIFEST = (
    f'metadata: {{name: "{NAME}", namespace: "argocd"}}\nspec: {{project: "{PROJECT}"}}\n'.encode()
)
FOLDER = "rendered/prod/clusters/fraud-eu-west-1"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ARGOCD_AUTH_TOKEN", "a-token")
    bounded.start_run()
    yield
    bounded.start_run()


def environment(server: str) -> bytes:
    return f'spec: {{argocd: {{namespace: argocd, server: "{server}"}}}}\n'.encode()


def fleet(folder: Path, server: str, **more: bytes) -> Path:
    """A clone without a remote, whose branch main is followed."""
    files = {
        "lockstep.yaml": b"branch: main\nrepository: https://git.example.com/ml/fleet.git\n",
        "clusters/prod/environment.yaml": environment(server),
        "clusters/staging/environment.yaml": b"spec: {argocd: {namespace: argocd}}\n",
        f"{FOLDER}/application.yaml": MANIFEST,
    }
    return new_repository(folder / "fleet", files | more).root


def answers(request: Request) -> Reply:
    if request.path == "/api/version":
        return Reply({"Version": "v3.6.1+abc", "GoVersion": "go1.27"})
    if request.path == "/api/v1/session/userinfo":
        return Reply({"loggedIn": True, "username": "lockstep", "iss": "argocd"})
    assert request.path == f"/api/v1/applications/{NAME}"
    assert request.query == {"appNamespace": "argocd", "project": PROJECT}
    return Reply(application())


def looked(folder: Path, said: Answers = answers) -> tuple[list[Probe], str]:
    with json_server(said) as server:
        return list(argocd_probes(fleet(folder, server.url))), server.url


def test_an_argo_cd_that_answers_is_ok(tmp_path: Path) -> None:
    (probe,), url = looked(tmp_path)
    assert (probe.part, probe.health) == ("Argo CD of prod", Health.OK)
    assert probe.found == f"{url} (v3.6.1), as lockstep, which may get argocd/{NAME}"


@pytest.mark.parametrize(
    ("path", "reply", "reason"),
    [
        ("/api/version", Reply(b"<html>"), "cannot be read"),
        ("/api/version", Reply({"version": 3}), "it has no Version"),
        ("/api/v1/session/userinfo", Reply({"loggedIn": False}), "takes the token for nobody's"),
        ("/api/v1/session/userinfo", Reply({"error": "no session"}, status=401), "HTTP 401"),
        ("/api/v1/applications/" + NAME, Reply({"error": "denied"}, status=403), "HTTP 403"),
        ("/api/v1/applications/" + NAME, Reply({}), "cannot be read"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_does_not_work_is_a_warning_with_a_fix(
    tmp_path: Path, path: str, reply: Reply, reason: str
) -> None:
    (probe,), _ = looked(tmp_path, lambda each: reply if each.path == path else answers(each))
    assert probe.health is Health.WARNING and reason in probe.found and probe.fix
    assert "a-token" not in probe.found + probe.fix


def test_a_missing_token_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARGOCD_AUTH_TOKEN")
    (probe,), _ = looked(tmp_path)
    assert probe.health is Health.WARNING and "ARGOCD_AUTH_TOKEN is not set" in probe.found


def test_a_token_goes_only_where_the_followed_branch_says(tmp_path: Path) -> None:
    with json_server(answers) as right, json_server(answers) as wrong:
        folder = fleet(tmp_path, right.url)
        git(folder, "checkout", "--quiet", "-b", "pull-request")
        commit(folder, {"clusters/prod/environment.yaml": environment(wrong.url)})
        assert [each.health for each in argocd_probes(folder)] == [Health.OK]
        assert right.asked and not wrong.asked


def test_where_nothing_is_named_nothing_is_asked(tmp_path: Path) -> None:
    assert list(argocd_probes(tmp_path)) == []
    bare = new_repository(
        tmp_path / "bare",
        {"lockstep.yaml": b"branch: main\nrepository: https://git.example.com/ml/fleet.git\n"},
    )
    assert list(argocd_probes(bare.root)) == []
    odd = {"clusters/prod/environment.yaml": b"- spec\n", "clusters/a/b/environment.yaml": b"x"}
    assert list(argocd_probes(fleet(tmp_path, "http://127.0.0.1:9", **odd))) == []


def test_a_fleet_that_is_not_rendered_has_no_application_to_get(tmp_path: Path) -> None:
    with json_server(answers) as server:
        folder = fleet(tmp_path, server.url)
        commit(folder, {f"{FOLDER}/application.yaml": None})
        (probe,) = argocd_probes(folder)
    assert probe.health is Health.OK and "no Application is rendered yet" in probe.found

"""Reading Kubernetes' API: pages, single objects, and each way in which it can fail."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lockstep.edges import bounded
from lockstep.edges.kubernetes import ApiKind, KindNotRead, KubernetesReader, ReadLimits
from lockstep.edges.kubernetes_access import KubernetesAccess
from lockstep.model.errors import LockstepError, UsageError
from tests.unit.json_server import JsonServer, Reply, json_server
from tests.unit.kubernetes_api import KubernetesApi, kubeconfig, serving, status
from tests.unit.opa.remote_parts import certificates

DEPLOYMENT = ApiKind("apps", "v1", "Deployment")
TOKEN = "t0ken-of-the-reader"
LIMITS = ReadLimits()
LABELS = "app.kubernetes.io/managed-by=lockstep,lockstep.dev/environment in (prod)"


def deployment(name: str, **labels: str) -> dict[str, object]:
    known = {"app.kubernetes.io/managed-by": "lockstep", "lockstep.dev/environment": "prod"}
    metadata = {"name": name, "namespace": "fraud", "labels": known | labels}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}


@pytest.fixture
def api() -> KubernetesApi:
    return KubernetesApi([deployment(f"d{number}") for number in range(8)])


@pytest.fixture
def server(api: KubernetesApi) -> Iterator[JsonServer]:
    bounded.start_run()
    with serving(api) as started:
        yield started


def access(folder: Path, server: JsonServer, token: str = TOKEN) -> KubernetesAccess:
    path = folder / "kubeconfig"
    path.write_text(kubeconfig({"prod-eu": server.url, "dead": "http://127.0.0.1:1"}, token))
    return KubernetesAccess(kubeconfig=str(path))


def reader(
    folder: Path, server: JsonServer, limits: ReadLimits = LIMITS, name: str = "prod-eu"
) -> KubernetesReader:
    return KubernetesReader(access(folder, server), name, limits)


def test_all_pages_are_read_and_each_object_says_what_it_is(
    tmp_path: Path, api: KubernetesApi, server: JsonServer
) -> None:
    api.objects.append(deployment("other", **{"lockstep.dev/environment": "staging"}))
    api.token = TOKEN
    found = reader(tmp_path, server).objects(DEPLOYMENT, LABELS)
    assert [each["metadata"]["name"] for each in found] == [f"d{n}" for n in range(8)]
    assert {(each["apiVersion"], each["kind"]) for each in found} == {("apps/v1", "Deployment")}
    assert {asked.method for asked in server.asked} == {"GET"}


def test_one_object_is_read_or_is_not_there(
    tmp_path: Path, api: KubernetesApi, server: JsonServer
) -> None:
    reads = reader(tmp_path, server)
    one = reads.object(DEPLOYMENT, "fraud", "d3")
    assert one is not None and one["metadata"]["name"] == "d3"
    assert reads.object(DEPLOYMENT, "fraud", "gone") is None
    assert reads.serves(DEPLOYMENT) and not reads.serves(ApiKind("keda.sh", "v9", "ScaledObject"))


def test_a_secret_is_never_asked_for(tmp_path: Path, server: JsonServer) -> None:
    reads = reader(tmp_path, server)
    for ask in (
        lambda: reads.objects(ApiKind("", "v1", "Secret"), LABELS),
        lambda: reads.object(ApiKind("", "v1", "Secret"), "fraud", "x"),
    ):
        with pytest.raises(KindNotRead, match="never reads a Secret"):
            ask()
    assert not server.asked


def test_missing_rights_name_the_rule_that_is_needed(
    tmp_path: Path, api: KubernetesApi, server: JsonServer
) -> None:
    api.faults["deployments"] = lambda: status(403, f"forbidden to {TOKEN}")
    with pytest.raises(KindNotRead) as raised:
        reader(tmp_path, server).objects(DEPLOYMENT, LABELS)
    error = raised.value
    assert error.message.startswith("the API does not allow to list deployments of apps (HTTP 403)")
    assert 'apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "list"]' in error.fix
    assert error.where == f"context prod-eu ({server.url})"
    assert TOKEN not in error.diagnostics()


def test_refused_credentials_say_which_context_and_never_the_token(
    tmp_path: Path, api: KubernetesApi, server: JsonServer
) -> None:
    api.token = "another"
    with pytest.raises(LockstepError) as raised:
        reader(tmp_path, server).objects(DEPLOYMENT, LABELS)
    assert "does not accept the credentials (HTTP 401)" in raised.value.message
    assert not isinstance(raised.value, KindNotRead)
    assert TOKEN not in raised.value.diagnostics() and "***" in raised.value.message


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(b"<html>a login page</html>"), "the answer cannot be read: it is not valid JSON"),
        (Reply(b'{"items":[{"spec":' + b"[" * 200 + b"]" * 200 + b"}]}"),
         "cannot be read: it has more than 100 levels"),
        (Reply({"items": "none"}), "the answer is not a list of objects"),
        (Reply({"items": [1]}), "the answer is not a list of objects"),
        (Reply(b"", 302, {"Location": "https://evil.example.com"}), "redirect (HTTP 302)"),
        (Reply(b"{}", headers={"Content-Encoding": "gzip"}), "the answer is compressed"),
        (Reply(status=410, content={"message": "expired"}), "HTTP 410): expired"),
        (Reply(status=404, content={"message": "x\x1b[2J"}), "HTTP 404: x [2J"),
        (Reply({"items": []}, cut=True), "it cannot be reached: "),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_an_error(
    tmp_path: Path, api: KubernetesApi, server: JsonServer, reply: Reply, says: str
) -> None:
    api.faults["deployments"] = lambda: reply
    with pytest.raises(LockstepError) as raised:
        reader(tmp_path, server).objects(DEPLOYMENT, LABELS)
    assert says in raised.value.message


def test_a_server_that_is_overloaded_is_asked_again(
    tmp_path: Path, api: KubernetesApi, server: JsonServer
) -> None:
    def busy() -> Reply:
        del api.faults["deployments"]
        return status(429, "too many requests")

    api.faults["deployments"] = busy
    assert len(reader(tmp_path, server).objects(DEPLOYMENT, LABELS)) == 8
    api.faults["deployments"] = lambda: status(503, "etcd is down")
    with pytest.raises(LockstepError, match="HTTP 503: etcd is down"):
        reader(tmp_path, server).objects(DEPLOYMENT, LABELS)


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(
    tmp_path: Path, api: KubernetesApi, server: JsonServer
) -> None:
    api.faults["deployments"] = lambda: Reply({"items": []}, drip=0.3)
    with pytest.raises(LockstepError, match="no answer within 1 seconds"):
        reader(tmp_path, server, ReadLimits(seconds=1)).objects(DEPLOYMENT, LABELS)


def test_more_than_the_limit_of_all_answers_is_refused(tmp_path: Path, server: JsonServer) -> None:
    with pytest.raises(LockstepError, match="more than 900 bytes"):
        reader(tmp_path, server, ReadLimits(size=900)).objects(DEPLOYMENT, LABELS)


def test_a_list_without_end_is_cut_off(
    tmp_path: Path, api: KubernetesApi, server: JsonServer
) -> None:
    endless = {"items": [deployment("d")] * 2000, "metadata": {"continue": "more"}}
    api.faults["deployments"] = lambda: Reply(endless)
    with pytest.raises(LockstepError, match="more than 50000 objects"):
        reader(tmp_path, server).objects(DEPLOYMENT, LABELS)


def test_a_region_that_is_down_and_one_without_a_context(
    tmp_path: Path, server: JsonServer
) -> None:
    with pytest.raises(LockstepError, match="it refuses connections"):
        reader(tmp_path, server, name="dead").objects(DEPLOYMENT, LABELS)
    with pytest.raises(LockstepError) as raised:
        reader(tmp_path, server, name="prod-us").objects(DEPLOYMENT, LABELS)
    assert raised.value.message == "the kubeconfig has no context 'prod-us'"
    assert raised.value.fix == "map it with --context prod-us=CONTEXT; there are dead, prod-eu"


def test_a_certificate_of_an_unknown_authority_is_refused_and_a_given_one_trusted(
    tmp_path: Path, api: KubernetesApi
) -> None:
    made = certificates(tmp_path)
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    api.token = TOKEN
    bounded.start_run()
    with json_server(api, made) as server:
        known = KubernetesAccess(server=server.url, token_file=str(token), ca=str(made.ca))
        assert len(KubernetesReader(known, "prod-eu").objects(DEPLOYMENT, LABELS)) == 8
        unknown = KubernetesAccess(server=server.url, token_file=str(token))
        with pytest.raises(LockstepError, match="the certificate is not trusted") as raised:
            KubernetesReader(unknown, "prod-eu").objects(DEPLOYMENT, LABELS)
    assert "--certificate-authority" in raised.value.fix


def test_a_token_is_not_sent_in_the_open(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig({"prod-eu": "http://kubernetes.example.com"}, TOKEN))
    with pytest.raises(LockstepError, match="a token is sent over https only"):
        KubernetesAccess(kubeconfig=str(path)).connect("prod-eu")


def plugin(folder: Path, text: str) -> KubernetesAccess:
    """A kubeconfig whose credentials come from a program."""
    folder.mkdir(exist_ok=True)
    program = folder / "plugin"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    path = folder / "kubeconfig"
    user = (
        f'{{"exec": {{"apiVersion": "client.authentication.k8s.io/v1", "command": "{program}"}}}}'
    )
    path.write_text(
        kubeconfig({"prod-eu": "https://127.0.0.1:1"}).replace('"user": {}', f'"user": {user}')
    )
    return KubernetesAccess(kubeconfig=str(path))


CREDENTIAL = (
    '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", '
    f'"status": {{"token": "{TOKEN}"}}}}'
)


def test_the_token_of_a_plug_in_is_used(tmp_path: Path) -> None:
    made = plugin(tmp_path, f"echo '{CREDENTIAL}'").connect("prod-eu")
    assert f"Bearer {TOKEN}" in set(made.secrets()) and TOKEN not in repr(made)


def test_a_plug_in_that_fails_does_not_make_anonymous_requests(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LockstepError, match=r"no credentials .*you are not logged in"):
        plugin(tmp_path, "echo you are not logged in >&2; exit 3").connect("prod-eu")
    assert capfd.readouterr().err == ""


def test_a_plug_in_that_fails_costs_no_other_region_its_credentials(tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    wait = "until [ -e {} ]; do sleep 0.05; done"
    slow = plugin(tmp_path / "slow", f"touch {begun}; {wait.format(ended)}; echo '{CREDENTIAL}'")
    broken = plugin(tmp_path / "broken", f"{wait.format(begun)}; exit 3")
    with ThreadPoolExecutor() as pool:
        made = pool.submit(slow.connect, "prod-eu")
        try:
            with pytest.raises(LockstepError, match="no credentials"):
                broken.connect("prod-eu")
        finally:
            ended.touch()
        assert f"Bearer {TOKEN}" in set(made.result().secrets())


@pytest.mark.parametrize("text", ["", "[", "contexts: 3", '{"contexts": [{"name": "prod-eu"}]}'])
def test_a_kubeconfig_that_is_none_is_an_error_for_people(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(LockstepError) as raised:
        KubernetesAccess(kubeconfig=str(path)).connect("prod-eu")
    assert raised.value.where == str(path) and raised.value.fix


@pytest.mark.parametrize(
    "given",
    [
        {"server": "https://x.example.com"},
        {"token_file": "token"},
        {"ca": "ca.pem"},
        {"server": "https://x.example.com", "token_file": "t", "contexts": {"a": "b"}},
        {"kubeconfig": "/no/such/file"},
    ],
)
def test_options_that_do_not_fit_together_are_usage(given: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        KubernetesAccess(**given).check()  # type: ignore[arg-type]


def test_without_a_kubeconfig_the_account_of_the_pod_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(LockstepError, match="there is no kubeconfig"):
        KubernetesAccess().connect("prod-eu")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    with pytest.raises(LockstepError, match="the pod's service account cannot be used"):
        KubernetesAccess().connect("prod-eu")

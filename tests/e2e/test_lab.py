"""The lab itself: what it says, what it lets in, and that nothing of it stays."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError
from tests.lab import AlreadyRunning, Lab, running, start, stop
from tests.lab.layout import REPOSITORY, missing_part
from tests.lab.ports import is_free

_START_AND_HANG = """\
import sys, time
from pathlib import Path
from tests.lab import start
lab = start(Path(sys.argv[1]))
print("up", flush=True)
time.sleep(600)
"""

_START_WITH_PORT = """\
import sys
from pathlib import Path
from tests.lab import supervisor
from tests.lab.layout import make_layout
folder, part, port, times = sys.argv[1:]
given, choose = [], supervisor.free_ports
def free_ports(names):
    given.append(names)
    taken = {part: int(port)} if len(given) <= int(times) else {}
    return choose(names) | taken
supervisor.free_ports = free_ports
sys.exit(supervisor.main(str(make_layout(Path(folder)).folder)))
"""


@pytest.fixture
def remains(tmp_path: Path) -> Iterator[Path]:
    """The folder of a lab of one test's own; at the end no process of it may be left."""
    if missing := missing_part():
        pytest.skip(missing)
    folder = tmp_path / "lab"
    yield folder
    if found := running(folder):
        stop(found)
        raise AssertionError("the test has left a lab")


def program(*args: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m tests.lab`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tests.lab", *args],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip


def processes_of(folder: Path) -> list[str]:
    """The command lines of the processes that know a lab's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            inside = os.readlink(process / "cwd").startswith(str(folder))
        except OSError:  # it has ended by now, or belongs to another user
            continue
        if line and (str(folder) in line or inside) and int(process.name) != os.getpid():
            found.append(line)
    return found


def ports_of(lab: Lab) -> dict[str, int]:
    ports: dict[str, int] = json.loads((lab.folder / "lab.json").read_text())["ports"]
    return ports


def wait_for_nothing(folder: Path, ports: dict[str, int]) -> None:
    """Wait until no process of a lab is left, and nothing listens on its ports."""
    deadline = time.monotonic() + 60
    while left := [*processes_of(folder), *(n for n, port in ports.items() if not is_free(port))]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_a_lab_is_whole(lab: Lab) -> None:
    assert set(lab.status().values()) == {"running"}
    zones = lab.kubectl("get", "nodes", "--output=jsonpath={.items[*].metadata.labels.*}")
    assert {"zone-a", "zone-b", "zone-c"} <= set(zones.split())
    kinds = lab.kubectl("api-resources", "--output=name").split()
    assert {"applications.argoproj.io", "virtualservices.networking.istio.io"} <= set(kinds)


def test_a_second_start_leaves_a_running_lab_alone(lab: Lab) -> None:
    with pytest.raises(AlreadyRunning):
        start(lab.folder)
    again = program("up", "--dir", str(lab.folder))
    assert again.returncode == 0 and "The lab runs already." in again.stdout
    assert f"KUBECONFIG={lab.kubeconfig}" in again.stdout
    assert running(lab.folder) == lab


def test_status_names_a_part_that_was_stopped_or_paused(lab: Lab) -> None:
    lab.stop("argocd-server")
    lab.pause("argocd-controller")
    said = program("status", "--dir", str(lab.folder)).stdout.splitlines()
    lab.resume("argocd-controller")
    lab.start("argocd-server")
    states = dict(line.split(maxsplit=1) for line in said)
    assert states["argocd-server"] == "stopped"
    assert states["argocd-controller"] == "paused"
    assert states["kubernetes"] == "running"
    assert set(lab.status().values()) == {"running"}


def test_the_account_of_the_gate_may_only_read_applications_and_projects(lab: Lab) -> None:
    assert ask(lab, "GET", "applications", lab.argocd_token) == 200
    assert ask(lab, "GET", "projects/default", lab.argocd_token) == 200
    assert ask(lab, "POST", "applications/none/sync", lab.argocd_token) == 403
    assert ask(lab, "DELETE", "applications/none", lab.argocd_token) == 403
    assert ask(lab, "GET", "applications", "wrong") == 401
    lab.add_destination("other")
    assert names_of_clusters(lab, lab.admin_token()) >= {"other"}
    assert names_of_clusters(lab, lab.argocd_token) == set()
    lab.remove_destination("other")


def ask(lab: Lab, method: str, path: str, token: str) -> int:
    """The status of an answer of Argo CD's API."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = b"{}" if method == "POST" else None
    request = urllib.request.Request(
        f"{lab.argocd_server}/api/v1/{path}", body, headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def names_of_clusters(lab: Lab, token: str) -> set[str]:
    request = urllib.request.Request(
        f"{lab.argocd_server}/api/v1/clusters", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return {each["name"] for each in json.load(answer)["items"] or ()}


def test_the_reader_may_look_and_not_change(lab: Lab) -> None:
    token = f"--token={lab.reader_token.read_text()}"
    # The kubeconfig of an administrator would add its own token.
    plain = ["--kubeconfig=/dev/null", f"--server={lab.kubernetes}",
             f"--certificate-authority={lab.authority}", token]  # fmt: skip
    assert "zone-a-1" in lab.kubectl("get", "nodes", *plain)
    with pytest.raises(LockstepError, match="forbidden"):
        lab.kubectl("delete", "node", "zone-a-1", *plain)


def test_only_the_user_can_read_what_a_lab_keeps_secret(lab: Lab) -> None:
    assert stat.S_IMODE(lab.folder.stat().st_mode) == 0o700
    files = [lab.kubeconfig, *(lab.folder / "secrets").iterdir()]
    assert {oct(stat.S_IMODE(path.stat().st_mode)) for path in files} == {"0o600"}
    lines = "\n".join(processes_of(lab.folder))
    for name in ("admin.token", "reader.token", "argocd.token", "redis.password"):
        assert (lab.folder / "secrets" / name).read_text() not in lines


def test_a_push_needs_the_authority_of_the_lab(lab: Lab, tmp_path: Path) -> None:
    bare, address = lab.add_repository("pushed")
    make = ["git", "init", "--quiet", "--initial-branch=main", str(tmp_path)]
    subprocess.run(make, check=True)
    # Larger than what git sends in one piece.
    (tmp_path / "large").write_bytes(os.urandom(3_000_000))
    for args in (["add", "."], ["-c", "user.name=A", "-c", "user.email=a@example.com",
                 "commit", "--quiet", "--message=Add a file"]):  # fmt: skip
        subprocess.run(["git", *args], cwd=tmp_path, check=True)
    push = ["git", "push", "--quiet", address, "main"]
    plain = {k: v for k, v in os.environ.items() if k != "GIT_SSL_CAINFO"}
    refused = subprocess.run(push, cwd=tmp_path, env=plain, capture_output=True, check=False)
    assert refused.returncode != 0 and b"certificate" in refused.stderr
    subprocess.run(push, cwd=tmp_path, env={**plain, **lab.git_environment()}, check=True)
    heads = [
        subprocess.run(
            ["git", "rev-parse", "main"], cwd=place, capture_output=True, text=True, check=True
        ).stdout
        for place in (bare, tmp_path)
    ]
    assert heads[0] == heads[1]


def test_the_end_of_a_lab_leaves_no_process_and_no_port(remains: Path) -> None:
    up = program("up", "--dir", str(remains))
    assert up.returncode == 0, up.stderr
    found = running(remains)
    assert found and len(processes_of(remains)) > 8
    ports = ports_of(found)
    down = program("down", "--dir", str(remains))
    assert (down.returncode, down.stdout) == (0, "The lab is stopped.\n")
    assert processes_of(remains) == []
    assert [name for name, port in ports.items() if not is_free(port)] == []
    assert program("status", "--dir", str(remains)).stdout == "No lab runs here.\n"
    assert program("down", "--dir", str(remains)).stdout == "No lab runs here.\n"


@pytest.mark.parametrize("killed", ["the parent", "the supervisor"])
def test_a_killed_process_leaves_nothing_of_its_lab(remains: Path, killed: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _START_AND_HANG, str(remains)], cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.PIPE,
    ) as parent:  # fmt: skip
        assert parent.stdout and parent.stdout.readline() == b"up\n"
        facts = json.loads((remains / "lab.json").read_text())
        victim = parent.pid if killed == "the parent" else int(facts["supervisor"])
        os.kill(victim, signal.SIGKILL)
        if victim != parent.pid:
            parent.kill()
    wait_for_nothing(remains, facts["ports"])
    assert running(remains) is None


@contextmanager
def start_with_port(
    folder: Path, part: str, port: int, times: int
) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor that chooses a port for a part at first; how often, the last number says."""
    with subprocess.Popen(
        [sys.executable, "-c", _START_WITH_PORT, str(folder), part, str(port), str(times)],
        cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.PIPE,
    ) as supervisor:  # fmt: skip
        try:
            yield supervisor
        finally:
            supervisor.terminate()


@pytest.mark.parametrize("part", ["redis", "argocd-server"])
def test_a_port_that_was_taken_meanwhile_gives_way_to_another(
    remains: Path, lab: Lab, part: str
) -> None:
    """The lab of the other tests has it, so that what answers there is just such a part."""
    taken = ports_of(lab)[part]
    with start_with_port(remains, part, taken, 1) as supervisor:
        assert supervisor.stdout
        assert json.loads(supervisor.stdout.readline()) == {}
        found = running(remains)
        assert found and set(found.status().values()) == {"running"}
        assert taken not in ports_of(found).values()
        assert found.is_unused()
    wait_for_nothing(remains, {})
    assert set(lab.status().values()) == {"running"}


def test_a_lab_whose_ports_are_always_taken_gives_up(remains: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with start_with_port(remains, "argocd-repo-server", port, 3) as supervisor:
            assert supervisor.stdout
            report = json.loads(supervisor.stdout.readline())
            assert supervisor.wait(60) == 1
    assert "argocd-repo-server ended" in report["error"]
    assert "address already in use" in report["error"]
    assert processes_of(remains) == []


def test_what_keeps_a_lab_from_coming_up_is_said_with_its_log(
    remains: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "one.yaml").write_text("kind: Nothing\napiVersion: example.com/v1\n")
    monkeypatch.setenv("LOCKSTEP_CRDS", str(broken))
    with pytest.raises(LockstepError, match=r"the lab did not come up: .*Nothing"):
        start(remains)
    assert processes_of(remains) == []
    monkeypatch.setenv("LOCKSTEP_CRDS", str(tmp_path / "none"))
    with pytest.raises(LockstepError, match="no custom resource definitions") as caught:
        start(remains)
    assert "LOCKSTEP_CRDS" in caught.value.fix


def test_a_folder_with_other_files_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("the only copy")
    with pytest.raises(LockstepError, match="must be new or empty"):
        start(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "the only copy"

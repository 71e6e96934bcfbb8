"""Bad input and bad luck: a clear message, the right exit code, and nothing half-done."""

import json
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.fleets import EU, Fleet, rules
from tests.acceptance.world import FAMILY, START, World, git, identify, lockstep_process

CLUSTER = f"clusters/{FAMILY}/eu-west-1.yaml"


def files_of(clone: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(clone)): path.read_bytes()
        for path in clone.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def test_outside_of_a_repository(tmp_path: Path) -> None:
    code, said = invoke(["check", "--root", str(tmp_path)])
    assert code == 2
    assert "not a git repository" in said and "fix:" in said


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    code, said = invoke(["check", "--root", str(tmp_path / "nowhere")])
    assert code == 2 and "does not exist" in said


def test_a_repository_without_clusters(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    for verb in ("check", "validate", "render", "status"):
        code, said = invoke([verb, "--root", str(tmp_path)])
        assert code == 3, said
        assert "no clusters" in said


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"spec: [unclosed", "yaml.syntax"),
        (b"\xff\xfe", "yaml.encoding"),
        (b"a: 1\na: 2", "yaml.duplicate-key"),
        (b"kind: ModelClutser\n", "layout.kind"),
        (b"[" * 100_000, "yaml.depth"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_finding_and_the_rest_is_still_checked(
    world: World, data: bytes, rule: str
) -> None:
    (world.clone / CLUSTER).write_bytes(data)
    code, said = world.lockstep("check", "--format", "json")
    assert code == 10
    report = json.loads(said)
    assert rule in {finding["rule"] for finding in report["findings"]}
    assert {f["file"] for f in report["findings"] if f["rule"] == rule} == {CLUSTER}


@pytest.mark.parametrize(
    "path",
    [
        CLUSTER,
        f"clusters/{FAMILY}/family.yaml",
        f"clusters/{FAMILY}/locks/1.yaml",
        "clusters/prod/environment.yaml",
    ],
)
def test_the_manifests_of_a_file_that_cannot_be_read_stay_and_are_not_blamed(
    world: World, path: str
) -> None:
    rendered = {p: d for p, d in files_of(world.clone).items() if p.startswith("rendered/")}
    assert rendered
    with (world.clone / path).open("a") as file:
        file.write("more: [unclosed\n")
    code, said = world.lockstep("render")
    assert code == 10 and path in said
    assert rendered.items() <= files_of(world.clone).items()
    code, said = world.lockstep("check", "--format", "json")
    assert [(f["file"], f["rule"][:5]) for f in json.loads(said)["findings"]] == [(path, "yaml.")]
    assert code == 10


@pytest.mark.parametrize("name", ["{}.yml", ".{}.yaml", "{}.yaml.bak"])
def test_the_manifests_of_a_cluster_that_a_slip_has_hidden_stay(world: World, name: str) -> None:
    rendered = {p: d for p, d in files_of(world.clone).items() if p.startswith("rendered/")}
    file = world.clone / CLUSTER
    hidden = file.rename(file.with_name(name.format(file.stem)))
    code, said = world.lockstep("render")
    assert code == 10 and hidden.name in said
    assert rendered.items() <= files_of(world.clone).items()
    code, said = world.lockstep("check", "--format", "json")
    (found,) = json.loads(said)["findings"]
    assert (code, found["rule"], Path(found["file"]).name) == (10, "layout.place", hidden.name)


def test_a_malformed_cluster_is_not_taken_for_one_that_diverged(world: World) -> None:
    file = world.clone / CLUSTER
    file.write_text(file.read_text().replace("weight: 100", "weight: all"))
    code, said = world.lockstep("check", "--format", "json")
    (found,) = json.loads(said)["findings"]
    assert (code, found["rule"], found["file"]) == (10, "schema.type", CLUSTER)


def test_the_segment_of_a_malformed_cluster_is_not_taken_for_one_that_nobody_serves(
    tmp_path: Path,
) -> None:
    fleet = Fleet.create(tmp_path)
    fleet.edit(EU, "spec:\n", "spec: [\n")
    code, findings = fleet.check()
    assert (code, rules(findings)) == (10, ["yaml.syntax"])


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (CLUSTER, "spec: {variants: 5}"),
        (CLUSTER, "spec: {variants: [{name: [1], version: {}}]}"),
        (f"clusters/{FAMILY}/family.yaml", "spec: 5"),
    ],
)
def test_a_malformed_base_can_be_mended(world: World, path: str, wrong: str) -> None:
    file = world.clone / path
    right = file.read_text()
    file.write_text(f"{right.partition('spec:')[0]}{wrong}\n")
    world.git("commit", "--quiet", "--all", "--message=malformed")
    file.write_text(right)
    code, said = world.lockstep("check")
    assert code == 0, said


def test_a_family_without_its_head(world: World) -> None:
    (world.clone / f"clusters/{FAMILY}/family.yaml").unlink()
    code, said = world.lockstep("check")
    assert code == 10 and "family.yaml is missing" in said


@pytest.mark.parametrize(
    "verb", [["advance"], ["revert", "--reason", "x"], ["adopt", "--reason", "x"]]
)
def test_a_family_that_nobody_knows(world: World, verb: list[str]) -> None:
    code, said = world.lockstep(verb[0], "nobody", *verb[1:])
    assert code == 2
    assert "there is no family 'nobody'" in said and "prod/scoring" in said


def test_a_registry_that_does_not_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    before = files_of(world.clone)
    code, said = invoke(
        ["propose", FAMILY, "2", "--root", str(world.clone), "--now", START,
         "--registry-uri", "http://user:secret@127.0.0.1:9/"]
    )  # fmt: skip
    assert code == 1
    assert "127.0.0.1:9" in said and "secret" not in said
    assert files_of(world.clone) == before
    assert world.git("branch", "--list", "lockstep/*") == ""


def test_a_version_that_is_not_registered(world: World) -> None:
    code, said = world.lockstep("propose", FAMILY, "77")
    assert code == 10 and "77" in said


@pytest.mark.parametrize("version", ["champion", "@champion", "latest", "../../x", "-1", "1;ls"])
def test_an_alias_or_worse_is_no_version(world: World, version: str) -> None:
    code, said = world.lockstep("propose", FAMILY, "--", version)
    assert code in (2, 10, 11), said
    assert "Traceback" not in said and world.is_clean()


@pytest.mark.parametrize(
    "verb",
    [["propose", FAMILY, "2"], ["advance", FAMILY], ["revert", FAMILY, "--reason", "x"],
     ["adopt", FAMILY, "--reason", "x"], ["hold", FAMILY, "--reason", "x"]],
)  # fmt: skip
def test_a_dirty_work_tree_is_refused_and_left_alone(world: World, verb: list[str]) -> None:
    (world.clone / "notes.txt").write_text("mine")
    before = files_of(world.clone)
    code, said = world.lockstep(*verb)
    assert code == 1
    assert "uncommitted changes: notes.txt" in said
    assert files_of(world.clone) == before


def test_commits_that_nobody_has_published_are_refused(world: World) -> None:
    world.git("commit", "--quiet", "--allow-empty", "-m", "mine alone")
    code, said = world.lockstep("advance", FAMILY)
    assert code == 1 and "does not have" in said


def test_a_reason_that_says_nothing(world: World) -> None:
    assert world.lockstep("revert", FAMILY, "--reason", "  \n")[0] == 2


def test_a_reason_cannot_become_a_trailer(world: World) -> None:
    world.merge_proposal()
    evil = "fine\n\nLockstep-Decision: sha256:0000\x1b[31m"
    world.must("hold", FAMILY, "--reason", evil)
    trailers = world.git("log", "-1", "--format=%(trailers:only)")
    assert trailers.count("Lockstep-Decision:") == 2  # one trailer, one quoted inside the reason
    assert "\nLockstep-Decision: sha256:0000" not in world.git("log", "-1", "--format=%B")
    assert "\x1b" not in world.git("log", "-1", "--format=%B")


def test_a_push_that_a_hook_declines_says_so_and_changes_nothing(world: World) -> None:
    world.merge_proposal()
    hook = world.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    head = world.git("rev-parse", "HEAD")
    code, said = world.lockstep("advance", FAMILY)
    assert code == 1 and "refused" in said and "main is protected" in said
    assert world.git("rev-parse", "HEAD") == head and world.is_clean()


def test_an_origin_that_is_gone(world: World) -> None:
    world.git("remote", "set-url", "origin", str(world.folder / "nowhere.git"))
    code, said = world.lockstep("advance", FAMILY)
    assert code == 1 and "git fetch from origin failed" in said


def test_a_clone_that_is_behind_decides_on_the_newest_state(world: World) -> None:
    other = world.another_clone()
    world.merge_proposal()
    code, said = world.lockstep("advance", FAMILY, root=other)
    assert code == 0, said
    assert git(other, "rev-parse", "HEAD") == git(world.origin, "rev-parse", "main")


def test_two_runs_started_together_on_two_clones_make_one_decision(world: World) -> None:
    other = world.another_clone()
    world.merge_proposal()
    before = git(world.origin, "rev-parse", "main")
    git(other, "pull", "--quiet")
    runs = [
        lockstep_process(
            "advance", FAMILY, "--now", START, "--registry-uri", world.registry, cwd=clone
        )
        for clone in (world.clone, other)
    ]
    said = [run.communicate(timeout=120)[0] for run in runs]
    codes = sorted(run.returncode for run in runs)
    assert git(world.origin, "rev-list", "--count", f"{before}..main") == "1", said
    assert codes in ([0, 0], [0, 12]), said
    for clone in (world.clone, other):
        assert git(clone, "status", "--porcelain") == ""


def test_a_push_lost_to_a_decision_on_the_same_family_is_not_repeated(world: World) -> None:
    """The other run's push lands between this run's fetch and its push: a hook does that."""
    world.merge_proposal()
    other = world.another_clone()
    arm_race(world, other)
    code, said = world.lockstep("advance", FAMILY)
    assert code == 0 and "decided by another run" in said
    assert (
        git(world.origin, "rev-list", "--count", "--grep=Lockstep-Action: advance", "main") == "1"
    )


def arm_race(world: World, other: Path) -> None:
    """Before the first push from this clone, the other clone makes the same decision."""
    marker = world.folder / "raced"
    hook = world.clone / ".git" / "hooks" / "pre-push"
    hook.write_text(
        f"#!/bin/sh\n[ -e {marker} ] && exit 0\ntouch {marker}\n"
        f"cd {other} && exec env -u GIT_DIR {sys.executable} -m lockstep advance {FAMILY}"
        f" --now {START} --registry-uri {world.registry} >/dev/null 2>&1\n"
    )
    hook.chmod(0o755)


def test_a_push_lost_to_another_change_is_decided_again_on_the_new_head(world: World) -> None:
    world.merge_proposal()
    other = world.another_clone()
    marker = world.folder / "raced"
    hook = world.clone / ".git" / "hooks" / "pre-push"
    hook.write_text(
        f"#!/bin/sh\n[ -e {marker} ] && exit 0\ntouch {marker}\nunset GIT_DIR\n"
        f"cd {other} && git commit -q --allow-empty -m unrelated && git push -q origin main\n"
    )
    hook.chmod(0o755)
    code, said = world.lockstep("advance", FAMILY)
    assert code == 0, said
    subjects = git(world.origin, "log", "-2", "--format=%s", "main").splitlines()
    assert subjects[1] == "unrelated" and subjects[0].startswith("advance prod/scoring")


def test_killed_in_the_middle_nothing_has_happened_and_the_next_run_decides(world: World) -> None:
    world.merge_proposal()
    before = git(world.origin, "rev-parse", "main")
    hook = world.clone / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\necho pushing > ../pushing\nsleep 60\n")
    hook.chmod(0o755)
    run = lockstep_process(
        "advance", FAMILY, "--now", START, "--registry-uri", world.registry, cwd=world.clone
    )
    wait_for(world.folder, "pushing")
    run.send_signal(signal.SIGKILL)
    run.wait(timeout=10)
    assert git(world.origin, "rev-parse", "main") == before
    assert world.is_clean()
    hook.unlink()
    assert world.lockstep("advance", FAMILY)[0] == 0


@pytest.mark.parametrize("stopped", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_leaves_nothing_behind(
    world: World, stopped: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = world.folder / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("LOCKSTEP_CACHE", "")
    rule = world.clone / "policies/rules/freeze/freeze.rego"
    rule.write_text(rule.read_text().replace("# METADATA", "# no METADATA"))
    assert lockstep_process("check", "--now", START, cwd=world.clone).wait(timeout=60) == 1
    assert list(folder.iterdir()) == []
    world.git("restore", "policies")
    run = lockstep_process("check", "--now", START, cwd=world.clone)
    wait_for(folder, "lockstep-opa-*/capabilities.json")
    run.send_signal(stopped)
    run.wait(timeout=60)
    assert run.returncode == (128 + stopped if stopped is signal.SIGTERM else 1)
    assert list(folder.iterdir()) == []


def wait_for(folder: Path, pattern: str) -> None:
    deadline = time.monotonic() + 60
    while not any(folder.glob(pattern)):
        assert time.monotonic() < deadline, f"{folder}/{pattern} never came"
        time.sleep(0.02)


def test_a_shallow_clone_can_advance_and_take_back(world: World) -> None:
    world.merge_proposal()
    for hour in ("08", "10"):
        assert world.lockstep("advance", FAMILY, at=f"2026-03-01T{hour}:00:00Z")[0] == 0
    shallow = world.folder / "shallow"
    git(world.folder, "clone", "--quiet", "--depth=1", f"file://{world.origin}", "shallow")
    identify(shallow)
    code, said = world.lockstep(
        "revert", FAMILY, "--reason", "bad", at="2026-03-01T10:10:00Z", root=shallow
    )
    assert code == 0, said
    tree = world.records()[0]["spec"]["wayBack"]["folders"]
    for folder, oid in tree.items():
        assert git(shallow, "rev-parse", f"HEAD:{folder}") == oid


def test_a_symbolic_link_among_the_specs_is_refused(world: World) -> None:
    (world.clone / CLUSTER).unlink()
    (world.clone / CLUSTER).symlink_to("/etc/passwd")
    code, said = world.lockstep("check")
    assert code == 10 and "symbolic link" in said and CLUSTER in said


def test_links_and_huge_files_hide_no_other_finding(world: World) -> None:
    other = world.clone / f"clusters/{FAMILY}/us-east-1.yaml"
    other.write_text(other.read_text().replace("region:", "regoin:"))
    (world.clone / CLUSTER).unlink()
    (world.clone / CLUSTER).symlink_to("/etc/passwd")
    (world.clone / "rendered/link").symlink_to("/etc")
    with (world.clone / "clusters/notes.md").open("wb") as file:
        file.truncate(10**12)
    for verb in (["check"], ["check", "--base", "HEAD"], ["validate"]):
        code, said = world.lockstep(*verb, "--format", "json")
        rules = {f["file"]: f["rule"] for f in json.loads(said)["findings"]}
        assert code == 10 and rules == {
            "rendered/link": "layout.no-file",
            CLUSTER: "layout.no-file",
            "clusters/notes.md": "layout.no-file",
            f"clusters/{FAMILY}/us-east-1.yaml": "schema.unknown-field",
        }


def test_no_opa_is_never_a_pass(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_OPA", "/nonexistent/opa")
    code, said = world.lockstep("check")
    assert code == 1 and "LOCKSTEP_OPA" in said


def test_an_older_opa_is_refused_with_the_reason(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "opa"
    old.write_text("#!/bin/sh\n[ \"$1\" = version ] && echo 'Version: 0.70.0' && exit 0\nexit 1\n")
    old.chmod(0o755)
    monkeypatch.setenv("LOCKSTEP_OPA", str(old))
    code, said = world.lockstep("check")
    assert code == 1 and "0.70.0" in said and "1.22" in said


def slow_down_policy(world: World, steps: int) -> None:
    """Keep OPA busy for seconds with a rule of the repository."""
    rule = world.clone / "policies/rules/weights-sum/weights_sum.rego"
    busy = f"checked if count(numbers.range(1, {steps})) > 0\n\nchecked if"
    rule.write_text(rule.read_text().replace("checked if", busy, 1))


def test_opa_that_dies_in_the_middle_of_a_batch(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper kills the real OPA as soon as a policy asks: here, when it is first busy."""
    from lockstep.edges.opa.binary import find_opa

    real = find_opa()
    slow_down_policy(world, 20000000)
    wrapper = tmp_path / "opa"
    wrapper.write_text(
        f'#!/bin/sh\nif [ "$1" != run ]; then exec {real} "$@"; fi\n'
        f'{real} "$@" & child=$!\n(sleep 3; kill -9 $child) &\nwait $child\nexit 9\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("LOCKSTEP_OPA", str(wrapper))
    code, said = world.lockstep("check")
    assert code == 1, said
    assert "OPA ended in the middle of a batch" in said


def test_killing_lockstep_leaves_no_opa_behind(world: World) -> None:
    slow_down_policy(world, 50000000)
    run = lockstep_process("check", cwd=world.clone)
    child = child_of(run.pid)
    run.kill()
    run.wait(timeout=10)
    deadline = time.monotonic() + 10
    while is_running(child):
        assert time.monotonic() < deadline, "OPA outlived Lockstep"
        time.sleep(0.02)


def child_of(pid: int) -> int:
    """The OPA server that a process has started, as soon as it is there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for folder in Path("/proc").glob("[0-9]*"):
            if parent_of(folder) == pid and b"--server" in (folder / "cmdline").read_bytes():
                return int(folder.name)
        time.sleep(0.02)
    raise AssertionError("Lockstep started no OPA")


def parent_of(folder: Path) -> int | None:
    try:
        return int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return None  # it has ended meanwhile


def is_running(pid: int) -> bool:
    stat_file = Path(f"/proc/{pid}/stat")
    return stat_file.exists() and stat_file.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_no_token_on_any_command_line(world: World) -> None:
    slow_down_policy(world, 5000000)
    run = lockstep_process("check", cwd=world.clone)
    child = child_of(run.pid)
    line = Path(f"/proc/{child}/cmdline").read_bytes().decode()
    environment = Path(f"/proc/{child}/environ").read_bytes()
    run.kill()
    run.communicate(timeout=60)
    assert "token" in line and "Bearer" not in line
    assert environment == b"", "OPA's rules could read what Lockstep's environment holds"

"""A new fleet from an empty folder, on real git, OPA and MLflow: init, add, and what check says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep import __version__
from lockstep.cli import invoke
from tests.acceptance.world import files_of, git
from tests.unit.mlflow_store import Store, create_store, forget_default_store, free_port

ROOT = Path(__file__).resolve().parents[2]
NOW = "2026-06-01T08:00:00Z"
IMAGE = f"registry.example.com/ml/server@sha256:{'5c' * 32}"
TIERS = ("development", "staging", "production")
DEV = "clusters/dev/scoring"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A registry with versions 1, 2 and 3 of a model; 3 is archived."""
    made = create_store(tmp_path_factory.mktemp("registry"))
    made.version("scoring")
    made.version("scoring")
    made.version("scoring", tags={"archived": "true"})
    forget_default_store()  # only the tests that name it may find it
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty repository."""
    made = tmp_path / "fleet"
    made.mkdir()
    git(made, "init", "--quiet", "--initial-branch=main")
    git(made, "config", "user.name", "ML platform")
    git(made, "config", "user.email", "ml-platform@example.com")
    return made


def init(folder: Path, *arguments: str) -> tuple[int, str]:
    return invoke(["init", str(folder), "--yes", "--now", NOW, *arguments])


def add(folder: Path, *arguments: str) -> tuple[int, str]:
    return invoke(["add", *arguments, "--root", str(folder), "--now", NOW])


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Our fleet")


def check(folder: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    where = ["--root", str(folder), "--format", "json", "--now", NOW]
    code, said = invoke(["check", *where, *arguments])
    report, _ = json.JSONDecoder().raw_decode(said)
    return code, report["findings"]


def commands_of(folder: Path) -> list[str]:
    """The commands of a workflow: of the pipeline at GitLab, of the daily audit at GitHub."""
    if (folder / ".gitlab-ci.yml").is_file():
        job = yaml.safe_load((folder / ".gitlab-ci.yml").read_text())["lockstep check"]
        return [str(each) for each in job["script"]]
    job = yaml.safe_load((folder / ".github/workflows/audit.yml").read_text())["jobs"]["audit"]
    return [str(step["run"]) for step in job["steps"] if "run" in step]


def for_people(folder: Path) -> list[str]:
    machine = r"rendered/|ledger/|clusters/.*/locks/|\.github/|\.gitlab-ci\.yml"
    return sorted(path for path in files_of(folder) if not re.match(machine, path))


@pytest.mark.parametrize("tier", TIERS)
def test_a_new_fleet_is_clean_once_it_is_committed(folder: Path, store: Store, tier: str) -> None:
    code, said = init(folder, "--tier", tier, "--image", IMAGE, "--registry-uri", store.uri)
    assert code == 0, said
    assert "locks/2.yaml: locked as the registry says" in said
    commit(folder)
    assert check(folder) == (0, [])
    assert check(folder, "--all") == (0, [])
    assert len(for_people(folder)) <= 12


def test_what_people_make_beside_a_fleet_is_no_part_of_it(folder: Path, store: Store) -> None:
    assert init(folder, "--registry-uri", store.uri)[0] == 0
    commit(folder)
    site = str(folder / "build" / "site")
    code, said = invoke(["site", "--root", str(folder), "--output", site, "--now", NOW])
    assert code == 0, said
    assert (folder / "build" / "site" / "index.html").is_file()
    assert git(folder, "status", "--porcelain") == ""


def test_a_change_that_is_wrong_is_refused_and_a_right_one_passes(
    folder: Path, store: Store
) -> None:
    assert init(folder, "--image", IMAGE, "--registry-uri", store.uri)[0] == 0
    commit(folder)
    file = folder / DEV / "eu-west-1.yaml"
    right = file.read_text()
    file.write_text(right.replace("weight: 100", "weight: 99"))
    code, findings = check(folder)
    assert code in (10, 11)
    assert "policy.weights-sum" in [finding["rule"] for finding in findings]
    file.write_text(right.replace("  variants:", "  serving: {replicas: 3}\n  variants:"))
    assert invoke(["render", "--root", str(folder)])[0] == 0
    assert check(folder) == (0, [])


@pytest.mark.parametrize("tier", TIERS)
def test_without_a_registry_the_lock_is_the_only_finding(folder: Path, tier: str) -> None:
    code, said = init(folder, "--tier", tier)
    assert code == 0
    assert re.search(r"lockstep lock \w+/scoring 1 && lockstep render", said)
    commit(folder)
    code, (finding,) = check(folder)
    assert (code, finding["rule"]) == (11, "policy.version-locked")
    assert "lockstep lock" in finding["fix"]


def test_a_lock_that_is_written_later_makes_it_clean(folder: Path, store: Store) -> None:
    assert init(folder)[0] == 0
    where = ["--root", str(folder)]
    locking = ["lock", "dev/scoring", "1", "--registry-uri", store.uri, "--now", NOW, *where]
    assert invoke(locking)[0] == 0
    assert invoke(["render", *where])[0] == 0
    commit(folder)
    assert check(folder) == (0, [])


def test_a_version_can_be_named_and_an_alias_counts(folder: Path, tmp_path: Path) -> None:
    store = create_store(tmp_path / "registry")
    for _ in range(3):
        store.version("scoring")
    store.client.set_registered_model_alias("scoring", "champion", "1")
    forget_default_store()
    assert "locks/1.yaml" in init(folder, "--registry-uri", store.uri)[1]
    other = tmp_path / "other"
    assert "locks/3.yaml" in init(other, "--registry-uri", store.uri, "--version", "3")[1]


def test_a_model_that_the_registry_lacks_writes_nothing(folder: Path, store: Store) -> None:
    code, said = init(folder, "--model", "none", "--registry-uri", store.uri)
    assert code == 10 and "none" in said
    assert files_of(folder) == {}


def test_outside_of_a_repository_the_command_for_one_is_shown(tmp_path: Path) -> None:
    code, said = init(tmp_path / "new")
    assert code == 0
    assert f"  cd {tmp_path / 'new'}\n  git init\n" in said
    assert (tmp_path / "new/lockstep.yaml").is_file()


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("ours")
    for place in ("file", "file/below"):
        code, said = init(tmp_path / place)
        assert code == 1 and "give a folder" in said
    assert (tmp_path / "file").read_text() == "ours"


def test_the_origin_and_the_branch_are_those_of_the_repository(folder: Path) -> None:
    address = "git@git.example.com:team/models.git"
    git(folder, "remote", "add", "origin", address)
    git(folder, "switch", "--quiet", "--orphan", "trunk")
    assert init(folder)[0] == 0
    settings = yaml.safe_load((folder / "lockstep.yaml").read_text())
    assert (settings["branch"], settings["repository"]) == ("trunk", address)


@pytest.mark.parametrize(("address", "written"), [
    ("https://bot:hunter22@git.example.com/ml/fleet.git", "https://git.example.com/ml/fleet.git"),
    ("ssh://git@git.example.com/ml/fleet.git", "ssh://git@git.example.com/ml/fleet.git"),
    ("/srv/fleet.git", ""),
    ("git://bot:hunter22@git.example.com/ml/fleet.git", ""),
])  # fmt: skip
def test_a_password_in_the_address_of_origin_is_left_out(
    folder: Path, address: str, written: str
) -> None:
    git(folder, "remote", "add", "origin", address)
    code, said = init(folder)
    assert "hunter22" not in said
    if not written:
        assert code == 2 and "--repository" in said
        return
    assert yaml.safe_load((folder / "lockstep.yaml").read_text())["repository"] == written
    assert not any(b"hunter22" in data for data in files_of(folder).values())


def test_a_registry_that_does_not_answer_leaves_the_lock_for_later(folder: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    for number in ([], ["--version", "4"]):
        place = folder / f"fleet{len(number)}"
        code, said = init(place, "--registry-uri", nowhere, *number)
        assert code == 0 and "no version is locked" in said and "lockstep lock dev/scoring" in said


def test_a_pinned_fleet_is_clean(folder: Path, store: Store) -> None:
    pin = ["--source", "https://pypi.example.com/simple", "--hash", f"sha256:{'0' * 64}"]
    assert init(folder, *pin, "--registry-uri", store.uri)[0] == 0
    commit(folder)
    assert check(folder) == (0, [])
    settings = yaml.safe_load((folder / "lockstep.yaml").read_text())
    assert settings["program"]["version"] == __version__


@pytest.mark.parametrize("style", ["block", "flow", "none"])
@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_the_workflow_installs_what_lockstep_yaml_pins(
    folder: Path, forge: str, style: str
) -> None:
    """``test_wheel.py`` has the real pip do it."""
    digest = f"sha256:{'a' * 64}"
    assert init(folder, "--forge", forge, "--source", "https://pypi.example.com/simple")[0] == 0
    settings = yaml.safe_load((folder / "lockstep.yaml").read_text())
    settings["program"] |= {"version": "1.10", "hash": digest}
    if style == "none":
        del settings["program"]
    text = yaml.safe_dump(settings, default_flow_style=None if style == "flow" else False)
    (folder / "lockstep.yaml").write_text(f"{text}# program: {{hash: '0'}}\n")
    # Programs that only say what they were asked.
    programs = folder / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("python", "lockstep"):
        stub = programs / name
        stub.write_text(f'#!/bin/sh\necho {name} "$@"\nwhile [ "$2" ]; do shift; done\n'
                        'case $1 in *.txt) cat "$1" ;; esac\n')  # fmt: skip
        stub.chmod(0o755)
    install, checks, *_ = commands_of(folder)
    assert install == "python3 install-lockstep.py" and "lockstep check" in checks
    done = subprocess.run(
        [sys.executable, "install-lockstep.py"], cwd=folder, capture_output=True, text=True,
        check=False, env={**os.environ, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    if style == "none":
        assert done.returncode == 1 and "pins no program" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    first, line, second, last = done.stdout.splitlines()
    assert "--require-hashes --only-binary :all:" in first and "--no-deps" in first
    assert "--index-url https://pypi.example.com/simple " in first
    assert line == f"lockstep-gitops==1.10 --hash={digest}"
    assert second == "python -m pip install --quiet lockstep-gitops"
    assert last == "lockstep tools opa"


def test_a_pull_request_is_checked_by_the_base_s_program_unless_it_is_an_upgrade(
    folder: Path,
) -> None:
    """The workflow has copied the script and the pin of the base to where ``folder`` is."""
    source, digest = "https://pypi.example.com/simple", f"sha256:{'a' * 64}"
    assert init(folder, "--source", source, "--hash", digest)[0] == 0
    programs = folder / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("python", "lockstep"):
        (programs / name).write_text('#!/bin/sh\nfor last; do :; done\ncat "$last" 2>&1 || true\n')
        (programs / name).chmod(0o755)
    base = (folder / "lockstep.yaml").read_text()
    change = folder / "change.yaml"
    for text, version in (
        (base, __version__),
        (base.replace(__version__, "9.9"), "9.9"),
        (base[: base.index("program:")], __version__),  # the pin is removed
    ):
        change.write_text(text)
        argv = [sys.executable, "install-lockstep.py", "--change", str(change)]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert f"lockstep-gitops=={version} --hash={digest}" in done.stdout
        assert ("a person has to approve it" in done.stdout) == (version != __version__)


def test_a_source_in_git_needs_no_hash(folder: Path) -> None:
    source = f"git+https://git.example.com/ml/lockstep.git@{'a' * 40}"
    code, said = init(folder, "--source", source)
    assert code == 0 and "the hash of the program" not in said
    programs = folder / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("python", "lockstep"):
        (programs / name).write_text('#!/bin/sh\nfor last; do :; done\ncat "$last" 2>&1 || true\n')
        (programs / name).chmod(0o755)
    argv = [sys.executable, "install-lockstep.py"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"lockstep-gitops @ {source}"


def test_a_pin_without_a_hash_is_to_be_completed(folder: Path) -> None:
    assert "the hash of the program" in init(folder, "--source", "https://pypi.example.com/x")[1]


def test_the_script_and_the_hook_are_well_formed(folder: Path) -> None:
    """``make lint`` checks the workflow as a whole."""
    assert init(folder)[0] == 0
    for argv in (
        [str(Path(sys.executable).parent / "ruff"), "check", "--isolated", "install-lockstep.py"],
        [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"],
    ):
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", ["README.md", "lockstep.yaml", f"{DEV}/family.yaml"])
def test_a_file_that_exists_stays_and_nothing_is_written(folder: Path, path: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text("ours\n")
    before = files_of(folder)
    code, said = init(folder)
    assert code == 2 and path.split("/")[0] in said and "nothing was written" in said
    assert files_of(folder) == before


def test_a_readme_can_be_kept(folder: Path) -> None:
    (folder / "README.md").write_text("ours\n")
    assert init(folder, "--keep")[0] == 0
    assert (folder / "README.md").read_text() == "ours\n"
    assert (folder / "lockstep.yaml").is_file()


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / ".github").symlink_to(outside)
    code, said = init(folder)
    assert code != 0, said
    assert list(outside.iterdir()) == []
    assert [path.name for path in folder.iterdir() if path.name != ".git"] == [".github"]


HOSTILE = (
    "x\nkind: Evil",
    "a: b",
    "'",
    '"',
    "{x}",
    "${{ github }}",
    "../up",
    "-x",
    "",
    "é",
    "a" * 600,
)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "option",
    ["environment", "family", "model", "namespace", "tenant", "owner", "image", "repository",
     "branch", "domain", "argocd-namespace", "argocd-project", "metric", "hash", "source"],
)  # fmt: skip
def test_a_hostile_value_never_becomes_structure(tmp_path: Path, option: str, value: str) -> None:
    folder = tmp_path / "fleet"
    code, said = init(folder, f"--{option}={value}")
    assert "Traceback" not in said
    assert code in (0, 2), said
    if code == 2:
        assert not folder.exists() or files_of(folder) == {}
    else:  # a default for what is empty, or a value that is allowed
        keys = {"apiVersion", "kind", "metadata", "spec"}
        specs = [yaml.safe_load(path.read_text()) for path in folder.glob("clusters/**/*.yaml")]
        assert len(specs) == 3 and all(set(spec) == keys for spec in specs)


@pytest.mark.parametrize("region", ["eu-west-1", "eu-west-1:eu", "x y:EU", "a:EU:b c", ":EU"])
def test_a_region_without_a_jurisdiction_is_refused(tmp_path: Path, region: str) -> None:
    code, said = init(tmp_path / "fleet", "--region", region)
    assert code == 2 and "--" in said
    assert not (tmp_path / "fleet").exists()


def test_norway_is_a_jurisdiction_and_several_regions_are_waves(folder: Path, store: Store) -> None:
    where = ["--region", "eu-north-1:NO", "--region", "eu-west-1:EU:kube-eu"]
    assert init(folder, *where, "--registry-uri", store.uri)[0] == 0
    commit(folder)
    assert check(folder) == (0, [])
    family = yaml.safe_load((folder / DEV / "family.yaml").read_text())
    assert family["spec"]["rollout"]["waves"] == [["eu-north-1"], ["eu-west-1"]]


def test_gitlab_has_a_pipeline_of_its_own(folder: Path) -> None:
    assert init(folder, "--forge", "gitlab")[0] == 0
    assert "lockstep check" in commands_of(folder)[1]
    assert not (folder / ".github").exists()


def test_the_questions_can_be_answered_or_left(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from lockstep.cli.scaffolds import init as command

    answers = "staging\neu-west-2:UK\nranking\nrisk@example.com\n\n"
    done = CliRunner().invoke(command, [str(tmp_path / "fleet")], input=answers)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "fleet/clusters/staging/ranking/eu-west-2.yaml").is_file()
    done = CliRunner().invoke(command, [str(tmp_path / "other")], input="")
    assert "the questions were not answered" in str(done.exception)
    assert not (tmp_path / "other").exists()


def test_the_hook_and_the_workflow_never_install_by_the_bare_name(folder: Path) -> None:
    assert init(folder)[0] == 0
    texts = [data.decode() for data in files_of(folder).values()]
    assert not any(re.search(r"pip install[^\n]* lockstep\b(?!-gitops)", text) for text in texts)
    hooks = yaml.safe_load((folder / ".pre-commit-config.yaml").read_text())["repos"]
    entries = [hook["entry"] for hook in hooks[0]["hooks"]]
    assert entries == [".venv/bin/lockstep render --staged", ".venv/bin/lockstep check --staged"]


@pytest.mark.parametrize(("tier", "least"), [("development", 29), ("production", 39)])
def test_the_least_lines_of_a_family_and_a_cluster(folder: Path, tier: str, least: int) -> None:
    assert init(folder, "--tier", tier)[0] == 0
    specs = folder.glob("clusters/*/*/*.yaml")
    lines = [line.strip() for path in specs for line in path.read_text().splitlines()]
    assert len([line for line in lines if line and not line.startswith("#")]) == least
    page = (ROOT / "docs/how-to/start-a-fleet.md").read_text()
    assert f"{least} lines" in page
    if tier == "development":
        shown = "".join(re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
        shown = shown.replace("fraud", "scoring")
        there = [line for line in lines if line and not line.startswith("#")]
        assert sorted(line.strip() for line in shown.splitlines()) == sorted(there)


# add


def test_an_environment_a_family_and_a_cluster_are_added_and_clean(
    folder: Path, store: Store
) -> None:
    regions = ["--region", "eu-west-1:EU", "--region", "us-east-1:US"]
    registry = ["--registry-uri", store.uri]
    assert init(folder, "--image", IMAGE, *registry)[0] == 0
    commit(folder)
    for tier in TIERS:
        code, said = add(folder, "environment", f"new-{tier}", "--tier", tier, *regions)
        assert code == 0, said
        commit(folder)
        assert check(folder) == (0, [])
        where = ["-e", f"new-{tier}", "--model", "scoring", "--region", "us-east-1", *registry]
        code, said = add(folder, "family", "ranking", *where)
        assert code == 0, said
        commit(folder)
        assert check(folder) == (0, [])
        family = ["--family", f"new-{tier}/ranking"]
        code, said = add(folder, "cluster", "eu-west-1", *family)
        assert code == 0, said
        path = folder / f"clusters/new-{tier}/ranking/family.yaml"
        waves = yaml.safe_load(path.read_text())["spec"]["rollout"]["waves"]
        assert waves == [["us-east-1"], ["eu-west-1"]]
        commit(folder)
        assert check(folder) == (0, [])


def test_a_family_without_a_registry_lacks_its_lock_only(folder: Path, store: Store) -> None:
    assert init(folder, "--image", IMAGE, "--registry-uri", store.uri)[0] == 0
    commit(folder)
    code, said = add(folder, "family", "ranking")
    assert code == 0 and "lockstep lock dev/ranking 1" in said
    commit(folder)
    code, (finding,) = check(folder)
    assert (code, finding["rule"]) == (11, "policy.version-locked")


@pytest.mark.parametrize(
    "arguments",
    [
        ["environment", "dev"],
        ["environment", "Not a name"],
        ["environment", "x", "--region", "a b:EU"],
        ["family", "scoring"],
        ["family", "a\nb"],
        ["family", "x", "--region", "nowhere"],
        ["family", "x", "--environment", "nowhere"],
        ["family", "x", "--image", "server:latest"],
        ["family", "x", "--min", "nan"],
        ["cluster", "eu-west-1", "--family", "scoring"],
        ["cluster", "family", "--family", "scoring"],
        ["cluster", "x", "--family", "nowhere"],
        ["cluster", "../x", "--family", "scoring", "--region", "eu-west-1"],
        ["cluster", "x", "--family", "scoring", "--region", "nowhere"],
    ],
)
def test_what_cannot_be_added_is_refused_and_nothing_is_written(
    folder: Path, arguments: list[str]
) -> None:
    assert init(folder)[0] == 0
    before = files_of(folder)
    code, said = add(folder, *arguments)
    assert code == 2, said
    assert files_of(folder) == before


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("clusters/dev/environment.yaml", "spec: {regions: [x, {}], tenants: {}}\n"),
        (f"{DEV}/family.yaml", "a: [\n"),
        (f"{DEV}/eu-west-1.yaml", "spec: {variants: 3}\n"),
        ("lockstep.yaml", "branch: [main]\n"),
    ],
)
def test_nothing_is_added_to_a_fleet_that_is_not_valid(folder: Path, path: str, text: str) -> None:
    assert init(folder)[0] == 0
    (folder / path).write_text(text)
    before = files_of(folder)
    for arguments in (
        ["environment", "x"],
        ["family", "x"],
        ["cluster", "x", "--family", "scoring"],
    ):
        code, said = add(folder, *arguments)
        assert code == 10 and "Traceback" not in said, said
    assert files_of(folder) == before


def test_a_cluster_that_joins_a_family_with_records_is_to_be_adopted(
    folder: Path, store: Store
) -> None:
    assert init(folder, "--registry-uri", store.uri)[0] == 0
    commit(folder)
    adopt = ["adopt", "scoring", "--reason", "it serves today", "--registry-uri", store.uri]
    where = ["--root", str(folder), "--now", NOW]
    assert invoke([*adopt, *where])[0] == 0
    environment = folder / "clusters/dev/environment.yaml"
    region = "    - {name: us-east-1, jurisdiction: US, destination: dev-us}\n  argocd:"
    environment.write_text(environment.read_text().replace("  argocd:", region))
    code, said = add(folder, "cluster", "us-east-1", "--family", "scoring")
    assert code == 0 and "lockstep adopt dev/scoring --reason" in said
    commit(folder)
    assert [finding["rule"] for finding in check(folder)[1]] == ["policy.not-diverged"]
    assert invoke([*adopt, *where])[0] == 0
    assert check(folder) == (0, [])


def test_the_hook_checks_what_is_staged(folder: Path, store: Store, tmp_path: Path) -> None:
    pytest.importorskip("pre_commit")
    assert init(folder, "--registry-uri", store.uri)[0] == 0
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/lockstep").symlink_to(Path(sys.executable).parent / "lockstep")
    env = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "kept")}

    def hook() -> "subprocess.CompletedProcess[str]":
        git(folder, "add", "--all")
        argv = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
        return subprocess.run(
            argv, cwd=folder, env=env, capture_output=True, text=True, check=False
        )

    assert hook().returncode == 0
    file = folder / DEV / "eu-west-1.yaml"
    file.write_text(file.read_text().replace("weight: 100", "weight: 99"))
    done = hook()
    assert done.returncode == 1 and "policy.weights-sum" not in done.stdout
    assert "to commit what the staged specs declare, run git add rendered" in done.stdout
    done = hook()
    assert done.returncode == 1 and "policy.weights-sum" in done.stdout


def test_nothing_is_added_outside_of_a_fleet(folder: Path, tmp_path: Path) -> None:
    assert add(folder, "environment", "x")[0] == 3
    outside = tmp_path / "outside"
    outside.mkdir()
    assert add(outside, "environment", "x")[0] == 2

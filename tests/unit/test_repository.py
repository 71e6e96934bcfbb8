"""How the repository is kept: locks, workflows, the OPA that is accepted, skips in CI."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((REPOSITORY / ".github").glob("*/**/*.yml"))
PACKAGE = REPOSITORY / "scripts" / "lockstep"
PROGRAM = {p.relative_to(PACKAGE): p.read_text() for p in sorted(PACKAGE.rglob("*.py"))}
"""The text of each module, by its path in the package."""
LOCKS = sorted((REPOSITORY / "requirements").rglob("*.lock"))
PIPELINES = sorted((REPOSITORY / "requirements" / "pipelines").glob("*.in"))


def run(*argv: str | Path, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False, **kwargs)


def locked(name: str) -> dict[str, str]:
    text = (REPOSITORY / "requirements" / f"{name}.lock").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", text, re.MULTILINE))


# Dependencies


@pytest.mark.parametrize("path", LOCKS, ids=lambda p: p.name)
def test_every_locked_requirement_has_a_hash_and_no_host(path: Path) -> None:
    text = path.read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links", text)


def test_the_light_lock_holds_the_versions_of_the_full_one_and_no_whole_registry() -> None:
    light, full = locked("light"), locked("full")
    assert light.items() <= full.items()
    assert "mlflow-skinny" in light
    assert not {"mlflow", "pandas", "scikit-learn", "pytest"} & light.keys()


def test_every_dependency_has_bounds_and_is_locked() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    light = project["project"]["dependencies"] + groups["build"]
    registry = project["project"]["optional-dependencies"]["registry"]
    wanted = {"light": light, "full": light + registry + groups["test"] + groups["lint"]}
    wanted |= {"go": groups["go"], "uv": groups["uv"]}
    for path in PIPELINES:
        lines = path.read_text().splitlines()
        wanted[f"pipelines/{path.stem}"] = [
            line for line in lines if not line.startswith(("#", "-"))
        ]
    for lock, requirements in wanted.items():
        names = locked(lock)
        for requirement in requirements:
            match = re.fullmatch(r"([a-z0-9-]+)>=[\d.]+,<[\d.]+", requirement)
            assert match, requirement
            assert match[1] in names


# Workflows


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.relative_to(REPOSITORY).as_posix())
def test_actions_are_pinned_to_commits(path: Path) -> None:
    used = re.findall(r"\buses: *(.+)", path.read_text())
    pinned = r"\./[\w./-]+|[\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    assert used or path.name == "reviewed.yml"  # it does nothing
    assert all(re.fullmatch(pinned, action) for action in used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.relative_to(REPOSITORY).as_posix())
def test_no_expression_reaches_a_shell_and_no_credentials_stay(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    jobs = list(workflow.get("jobs", {}).values())
    if "runs" not in workflow:
        assert workflow["permissions"] == {}
    assert all("permissions" in job and job["timeout-minutes"] for job in jobs)
    for step in (
        step for job in [*jobs, workflow.get("runs", {})] for step in job.get("steps", [])
    ):
        assert "${{" not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


# Layout


def test_scripts_holds_only_the_package_and_its_demo() -> None:
    folders = {p.name for p in (REPOSITORY / "scripts").iterdir()} - {"__pycache__"}
    assert folders == {"lockstep", "lockstep_demo"}


def test_unit_tests_of_each_package_mirror_it() -> None:
    tests = REPOSITORY / "tests" / "unit"
    for test in tests.glob("*/**/test_*.py"):
        place = test.parent.relative_to(tests)
        package = "" if place.name == "lockstep_demo" else "lockstep"
        layer = REPOSITORY / "scripts" / package / place
        name = test.stem.removeprefix("test_")
        modules = (layer / f"{name}.py", layer / name)
        about_all = name == layer.name.removeprefix("lockstep_")
        assert about_all or any(module.exists() for module in modules), f"{test} tests no module"


def test_no_package_holds_more_than_a_fifth_of_the_program() -> None:
    lines: Counter[str] = Counter()
    for path, text in PROGRAM.items():
        lines[path.parts[0]] += len(text.splitlines())
    package, most = lines.most_common(1)[0]
    assert most <= lines.total() / 5, f"{package} has {most} of {lines.total()} lines"


def test_a_public_class_name_is_defined_once() -> None:
    places: dict[str, list[str]] = {}
    for path, text in PROGRAM.items():
        for name in re.findall(r"^class ([A-Z]\w*)", text, re.MULTILINE):
            places.setdefault(name, []).append(path.as_posix())
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_machine_written_files_are_folded_away_in_reviews() -> None:
    machine = [
        "rendered/prod/clusters/a/b.yaml",
        "ledger/prod/a/000001.json",
        "clusters/prod/a/locks/1.yaml",
        "clusters/prod/a/quarantine.yaml",
    ]
    human = ["clusters/prod/a/family.yaml", "clusters/prod/environment.yaml"]
    answer = run("git", "check-attr", "linguist-generated", *machine, *human, cwd=REPOSITORY).stdout
    generated = {line.split(":")[0] for line in answer.splitlines() if line.endswith(": set")}
    assert generated == set(machine)


def test_help_lists_every_target_that_a_person_may_call() -> None:
    text = (REPOSITORY / "Makefile").read_text()
    listed = set(
        re.findall(r"^  make (\S+)", run("make", "help", cwd=REPOSITORY).stdout, re.MULTILINE)
    )
    assert listed == set(re.findall(r"^([a-z0-9-]+):.*##", text, re.MULTILINE))
    assert {"demo", "test", "lint", "bench", "setup", "tools", "lock", "help"} <= listed


def test_ci_measures_the_coverage_and_tests_alone_do_not() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]
    assert settings["coverage"]["report"]["fail_under"] >= 88
    assert not [o for o in settings["pytest"]["ini_options"]["addopts"] if o.startswith("--cov")]
    for path in (".ci/run", ".github/workflows/ci.yml"):
        text = (REPOSITORY / path).read_text()
        assert re.search(r"^ *(- run: )?make coverage\b", text, re.MULTILINE), path


# OPA and Go


def program(folder: Path, name: str, says: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def check_opa(tmp_path: Path, says: str) -> subprocess.CompletedProcess[str]:
    return run(REPOSITORY / "tools" / "check-opa", program(tmp_path, "opa", says))


@pytest.mark.parametrize("version", ["1.22.0", "1.22.2", "1.100.0", "2.0.0"])
def test_an_opa_that_is_new_enough_is_accepted_silently(tmp_path: Path, version: str) -> None:
    done = check_opa(tmp_path, f"echo 'Version: {version}'")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("version", ["1.21.9", "1.3.0", "0.70.0"])
def test_an_older_opa_is_refused_with_the_reason_and_a_fix(tmp_path: Path, version: str) -> None:
    done = check_opa(tmp_path, f"echo 'Version: {version}'")
    assert done.returncode == 1
    assert f"is OPA {version}; Lockstep needs 1.22 or newer" in done.stderr
    assert "make tools/bin/opa" in done.stderr


@pytest.mark.parametrize("says", ["exit 1", "echo hello", ""])
def test_a_program_that_is_not_opa_is_refused(tmp_path: Path, says: str) -> None:
    done = check_opa(tmp_path, says)
    assert done.returncode == 1
    assert "does not say which version of OPA it is" in done.stderr


def test_make_checks_the_opa_that_is_named(tmp_path: Path) -> None:
    old = program(tmp_path, "opa", "echo 'Version: 1.2.0'")
    done = run("make", "tools", cwd=REPOSITORY, env={**os.environ, "LOCKSTEP_OPA": str(old)})
    assert done.returncode != 0
    assert "is OPA 1.2.0" in done.stderr


def test_without_go_and_without_a_registry_the_build_says_what_to_do(tmp_path: Path) -> None:
    shutil.copytree(
        REPOSITORY / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("bin", ".*")
    )
    (tmp_path / "requirements").mkdir()
    shutil.copy(REPOSITORY / "requirements" / "go.lock", tmp_path / "requirements")
    program(tmp_path, "go", "echo go1.19.8")
    env = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHON": sys.executable,
        "PIP_INDEX_URL": "http://127.0.0.1:1/",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = run(tmp_path / "tools" / "build", "opa", "example.com/opa", env=env)
    assert done.returncode == 1
    assert re.search(r"cannot build opa: it needs Go 1\.\d+(\.\d+)? or newer", done.stderr)
    assert "There is Go 1.19.8 on PATH" in done.stderr
    assert "put a ready-made opa on PATH" in done.stderr
    assert not (tmp_path / "tools" / ".go").exists()


# Skips

SKIPPING = """
import pytest

def test_part():
    pytest.skip("no registry here")

def test_optional():
    pytest.skip("no folder in LOCKSTEP_CRDS")

@pytest.mark.xfail(strict=False)
def test_expected():
    assert False
"""


def run_pytest(folder: Path, ci: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder)
    return run(*command, env={**os.environ, "CI": ci}, cwd=folder)


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", "1 failed, 1 skipped, 1 xfailed"), ("", "2 skipped, 1 xfailed")]
)
def test_a_skipped_test_fails_in_ci_only(tmp_path: Path, ci: str, outcome: str) -> None:
    shutil.copy(REPOSITORY / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_parts.py").write_text(SKIPPING)
    done = run_pytest(tmp_path, ci)
    assert outcome in done.stdout


@pytest.mark.parametrize(("ci", "status"), [("true", 2), ("", 5)])
def test_a_skipped_module_fails_in_ci_only(tmp_path: Path, ci: str, status: int) -> None:
    shutil.copy(REPOSITORY / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_part.py").write_text("import pytest\npytest.importorskip('no_such_part')\n")
    done = run_pytest(tmp_path, ci)
    assert done.returncode == status

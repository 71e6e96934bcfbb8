"""From an empty folder with an empty home to a fleet that is checked, by the built wheel alone."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep import __version__
from tests.acceptance.doc_pages import DOCS, blocks_of
from tests.acceptance.installed import (
    NEXT,
    Installed,
    Wheel,
    index_of,
    new_environment,
    outside,
)
from tests.acceptance.world import files_of
from tests.unit.mlflow_store import Store, create_store, forget_default_store

CLUSTER = "clusters/dev/fraud/eu-west-1.yaml"
(UPGRADES,) = (page for page in DOCS if page.name == "upgrades.md")
MACHINE = r"rendered/|ledger/|clusters/.*/locks/|\.github/"


@dataclass(frozen=True)
class Newcomer:
    """Someone with a home in which nothing is, an empty folder, and a Lockstep from the wheel."""

    folder: Path
    program: Installed

    @property
    def fleet(self) -> Path:
        """Where the fleet is made."""
        return self.folder / "fleet"

    @property
    def more(self) -> dict[str, str]:
        """Their home; git finds no settings of ours, and Lockstep no cache."""
        home = str(self.folder / "home")
        found = {key: os.path.join(home, key) for key in ("XDG_CACHE_HOME", "XDG_DATA_HOME")}
        # No index but a pinned one answers: what is installed is not looked up.
        settings = {"GIT_CONFIG_GLOBAL": f"{home}/.gitconfig", "PIP_INDEX_URL": "file:///nowhere"}
        return {"HOME": home, **settings, **found}

    def lockstep(self, *arguments: str, program: Installed | None = None) -> tuple[int, str]:
        """Run the program in the fleet: its exit code and what it printed."""
        return (program or self.program).run(*arguments, cwd=self.fleet, more=self.more)

    def must(self, *argv: str) -> str:
        """Run a program in the fleet that has to succeed; what it printed."""
        done = subprocess.run(
            argv, cwd=self.fleet, env={**outside(), **self.more}, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    def init(self, *arguments: str) -> str:
        """Make the fleet as the README says; what ``lockstep init`` printed."""
        self.must("git", "init", "--quiet", "--initial-branch=main")
        self.must("git", "config", "user.name", "Newcomer")
        self.must("git", "config", "user.email", "newcomer@example.com")
        asked = ("--yes", "--model", "fraud", "--region", "eu-west-1:EU")
        code, said = self.lockstep("init", *asked, *arguments)
        assert code == 0, said
        self.must("git", "add", "--all")
        self.must("git", "commit", "--quiet", "--message=Our fleet")
        return said

    def findings(self) -> tuple[int, list[dict[str, Any]]]:
        """The exit code of a check, and what it found."""
        code, said = self.lockstep("check", "--format", "json")
        return code, json.JSONDecoder().raw_decode(said)[0]["findings"]


@pytest.fixture
def newcomer(tmp_path: Path, first_program: Installed) -> Newcomer:
    made = Newcomer(tmp_path, first_program)
    made.fleet.mkdir()
    (tmp_path / "home").mkdir()
    return made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A registry with one version."""
    made = create_store(tmp_path_factory.mktemp("registry"))
    made.version("fraud")
    forget_default_store()
    return made


def test_what_runs_is_the_wheel_and_not_the_checkout(newcomer: Newcomer) -> None:
    where = "import lockstep; print(lockstep.__file__)"
    found = newcomer.must(str(newcomer.program.programs / "python"), "-c", where).strip()
    assert Path(found).is_relative_to(newcomer.program.programs.parent)
    assert newcomer.lockstep("--version") == (0, f"lockstep, version {__version__}\n")


def test_a_new_fleet_is_clean_and_a_wrong_change_is_refused_and_a_right_one_passes(
    newcomer: Newcomer, store: Store
) -> None:
    said = newcomer.init("--registry-uri", store.uri)
    assert "clusters/dev/fraud/locks/1.yaml: locked as the registry says" in said
    assert newcomer.findings() == (0, [])

    files = files_of(newcomer.fleet)
    people = [path for path in files if not re.match(MACHINE, path)]
    assert len(people) <= 12, people
    own = [path for path in files if path.startswith(("policies/", "templates/"))]
    assert own == ["policies/data/organisation.yaml"], "what ships is copied"

    file = newcomer.fleet / CLUSTER
    right = file.read_text()
    file.write_text(right.replace("weight: 100", "weight: 90"))
    code, findings = newcomer.findings()
    assert code == 10  # the manifests differ, too
    (found,) = (each for each in findings if each["rule"] == "policy.weights-sum")
    assert (found["file"], found["line"]) == (CLUSTER, 9)
    assert "they must add up to 100" in found["message"]

    file.write_text(right.replace("  variants:", "  serving: {replicas: 3}\n  variants:"))
    code, said = newcomer.lockstep("check")
    assert code == 10 and "lockstep render" in said
    assert newcomer.lockstep("render")[0] == 0
    assert newcomer.findings() == (0, [])
    newcomer.must("git", "add", "--all")
    newcomer.must("git", "commit", "--quiet", "--message=Three replicas")
    assert newcomer.findings() == (0, [])


def test_without_a_registry_the_one_finding_is_the_command_to_run(
    newcomer: Newcomer, store: Store
) -> None:
    newcomer.init()
    code, (finding,) = newcomer.findings()
    assert (code, finding["rule"]) == (11, "policy.version-locked")
    (command,) = re.findall(r"lockstep (lock \S+ \d+)", finding["fix"])
    code, said = newcomer.lockstep(*command.split(), "--registry-uri", store.uri)
    assert code == 0, said
    assert newcomer.lockstep("render")[0] == 0
    assert newcomer.findings() == (0, [])


# Installed from the pin


def pinned(newcomer: Newcomer, source: str, digest: str) -> Installed:
    """The program in ``.venv`` of a fleet with this pin: not yet there, but all that it needs."""
    newcomer.init("--source", source, *(["--hash", digest] if digest else []))
    return Installed(new_environment(newcomer.fleet / ".venv"))


def installing(newcomer: Newcomer, *arguments: str) -> tuple[int, str]:
    """Run the script that the README of the fleet and its workflow run."""
    done = subprocess.run(
        ["python3", "install-lockstep.py", *arguments], cwd=newcomer.fleet, text=True, check=False,
        env={**outside(), **newcomer.more}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert "Traceback" not in done.stdout, done.stdout
    return done.returncode, done.stdout


@pytest.mark.parametrize("kind", ["index", "url"])
def test_the_pinned_program_is_installed_and_checks(
    newcomer: Newcomer, first_wheel: Wheel, kind: str
) -> None:
    program = pinned(newcomer, getattr(first_wheel, kind), first_wheel.digest)
    code, said = installing(newcomer)
    assert code == 0, said
    assert newcomer.lockstep("--version", program=program)[1].endswith(f"{__version__}\n")
    code, said = newcomer.lockstep("check", program=program)
    assert code == 11 and "1 error" in said, said  # the lock alone is missing


@pytest.mark.parametrize("kind", ["index", "url"])
def test_a_wheel_with_another_hash_is_not_installed(
    newcomer: Newcomer, first_wheel: Wheel, kind: str
) -> None:
    program = pinned(newcomer, getattr(first_wheel, kind), f"sha256:{'0' * 64}")
    code, said = installing(newcomer)
    assert code != 0 and "HASH" in said.upper(), said
    assert not (program.programs / "lockstep").exists()


def test_a_pin_without_a_hash_installs_nothing(newcomer: Newcomer, first_wheel: Wheel) -> None:
    program = pinned(newcomer, first_wheel.index, "")
    code, said = installing(newcomer)
    assert code == 1 and "no hash" in said
    assert not (program.programs / "lockstep").exists()


def test_a_fleet_without_a_pin_says_so(newcomer: Newcomer) -> None:
    newcomer.init()
    code, said = installing(newcomer)
    assert code == 1 and "pins no program" in said


def test_an_upgrade_goes_as_the_page_says(
    newcomer: Newcomer, first_wheel: Wheel, next_wheel: Wheel
) -> None:
    """``docs/how-to/upgrades.md``: install what is new, pin it, and commit."""
    both = index_of(newcomer.folder, first_wheel, next_wheel)
    program = pinned(newcomer, both, first_wheel.digest)
    assert installing(newcomer)[0] == 0
    (block,) = (each for each in blocks_of(UPGRADES) if each.run_by)
    commands = block.text.replace(f"sha256:{'0' * 64}", next_wheel.digest)
    assert f" {NEXT} " in commands
    install, move, commit = commands.splitlines()[1:]
    hash_of = commands.splitlines()[0]
    newcomer.must("bash", "-ec", f"{hash_of}\n{install}")
    code, said = newcomer.lockstep("check", program=program)
    assert code == 1 and f"pinned to Lockstep {__version__}, and this is {NEXT}" in said
    done = subprocess.run(
        ["bash", "-c", f"{hash_of}\n{move}"], cwd=newcomer.fleet, capture_output=True, text=True,
        env={**outside(), **newcomer.more}, check=False,
    )  # fmt: skip
    assert done.returncode == 11, done.stdout + done.stderr  # the lock is missing, as before
    assert f"pinned to Lockstep {NEXT} from {both}, {next_wheel.digest}" in done.stdout
    newcomer.must("bash", "-ec", commit)
    settings = yaml.safe_load((newcomer.fleet / "lockstep.yaml").read_text())
    assert settings["program"]["version"] == NEXT

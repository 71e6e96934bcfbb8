"""A fleet with the files of every training pipeline, as ``lockstep init --pipeline`` writes it.

All of it is real: MLflow on a SQLite file, a bare remote, and a version 1 that the trainer has
trained, measured and registered. Git is told by a file of its own where the fleet's address leads.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockstep.scaffold.requests import PIPELINES
from tests.unit.mlflow_store import create_store, forget_default_store

ADDRESS = "https://git.example.com/ml/fleet.git"
ENVIRONMENT = "prod"
FAMILY = "fraud-detection"
MODEL = "fraud"
REGIONS = ("eu-west-1", "us-east-1")
ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
"""Where ``lockstep`` is, and the Python that has what the trainer needs."""
EXPERIMENT = "test"
"""Its artifacts are in a folder of the template, whatever folder a pipeline runs in."""
ROWS = 600
"""Payments of each region: enough for a model that tells fraud apart."""
_NEW_VERSION = """\
import json, sys
sys.path.insert(0, "")
import train
given = json.loads(sys.argv[1])
model = train.train(given["model"], given["rows"], given["seed"])["model_id"]
if given["measured"]:
    train.evaluate(model, given["rows"], given["seed"] + 1_000_000)
print(train.register(given["model"], model)["version"])
"""
_GIT = """\
[user]
  name = Training
  email = training@example.com
[init]
  defaultBranch = main
[advice]
  detachedHead = false
[url "{origin}"]
  insteadOf = {address}
"""


@dataclass(frozen=True)
class PipelineFleet:
    """A fleet, its remote and its registry, and ways to act as the pipelines do."""

    folder: Path

    @property
    def clone(self) -> Path:
        """The clone in which the fleet was made, on the followed branch."""
        return self.folder / "fleet"

    @property
    def pipelines(self) -> Path:
        """The files of the pipelines in it."""
        return self.clone / "pipelines"

    @property
    def origin(self) -> Path:
        """The bare repository to which the fleet's address leads."""
        return self.folder / "origin.git"

    @property
    def registry(self) -> str:
        """MLflow's tracking URI."""
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables for a pipeline: a home, git's settings, the registry, ``lockstep``.

        Only ``lockstep`` and OPA are put on PATH, so that a tool keeps its own Python.
        """
        home = self.folder / "home"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "GIT_"))}
        return {
            **kept,
            "HOME": str(home),
            "PATH": os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]]),
            "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "MLFLOW_TRACKING_URI": self.registry,
            "MLFLOW_EXPERIMENT_NAME": EXPERIMENT,
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def run(
        self, *command: str | Path, cwd: Path | None = None, more: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program as a pipeline would, in the clone; what it printed, and how it ended."""
        return subprocess.run(
            command, cwd=cwd or self.clone, env={**self.environment, **(more or {})},
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def must(
        self, *command: str | Path, cwd: Path | None = None, more: Mapping[str, str] | None = None
    ) -> str:
        """Run a program that has to succeed; what it printed on standard output."""
        done = self.run(*command, cwd=cwd, more=more)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git with the fleet's settings; what it printed, without the last line break."""
        return self.must("git", *arguments, cwd=cwd).strip()

    def train(self, command: str, *arguments: str) -> Any:
        """Run a command of the trainer of this fleet; the object that it prints."""
        said = self.must(sys.executable, self.pipelines / "train.py", command, *arguments)
        return json.loads(said.splitlines()[-1])

    def new_version(self, seed: int = 7, *, measured: bool = True) -> str:
        """Train, measure and register another version, as the trainer does; its number."""
        # In one process: what the trainer imports takes longer than what it does.
        told = json.dumps({"model": MODEL, "rows": ROWS, "seed": seed, "measured": measured})
        said = self.must(sys.executable, "-c", _NEW_VERSION, told, cwd=self.pipelines)
        return said.splitlines()[-1]

    def proposals(self) -> dict[str, str]:
        """The branches of proposals at the remote, each with the commit at its tip."""
        listed = self.git("ls-remote", ADDRESS, "refs/heads/lockstep/*").splitlines()
        pairs = (line.split("\t") for line in listed)
        return {name.removeprefix("refs/heads/"): commit for commit, name in pairs}

    def tip(self) -> str:
        """The commit at the tip of the followed branch at the remote."""
        return self.git("ls-remote", ADDRESS, "refs/heads/main").partition("\t")[0]

    def another_clone(self, name: str = "by-hand") -> Path:
        """A new clone of the remote."""
        self.git("clone", "--quiet", ADDRESS, str(self.folder / name), cwd=self.folder)
        return self.folder / name


def assert_same_as_by_hand(fleet: PipelineFleet, version: str) -> str:
    """What a pipeline has left at the remote is what the verb makes by hand; the branch.

    There is one branch, its commit is on the tip of the followed branch, and the verb in another
    clone, with the same reason, finds the branch and leaves its commit as it is.
    """
    before = fleet.proposals()
    assert len(before) == 1, before
    ((branch, commit),) = before.items()
    assert branch.startswith(f"lockstep/{ENVIRONMENT}/{FAMILY}/{version}-"), branch
    clone = fleet.another_clone()
    fleet.git("fetch", "--quiet", "origin", branch, cwd=clone)
    assert fleet.git("rev-parse", f"{commit}^", cwd=clone) == fleet.tip()
    said = fleet.must(
        "lockstep", "propose", "--environment", ENVIRONMENT, FAMILY, version,
        "--reason", reason_of(fleet, clone, commit), "--format", "json", cwd=clone,
    )  # fmt: skip
    (item,) = json.loads(said)["items"]
    assert (item["branch"], item["commit"]) == (branch, commit)
    assert fleet.proposals() == before
    return branch


def reason_of(fleet: PipelineFleet, clone: Path, commit: str) -> str:
    """The reason in the record that a commit of a proposal brings."""
    folder = f"ledger/{ENVIRONMENT}/{FAMILY}"
    listed = fleet.git("ls-tree", "--name-only", commit, f"{folder}/", cwd=clone).split()
    record = json.loads(fleet.git("show", f"{commit}:{max(listed)}", cwd=clone))
    assert record["spec"]["action"] == "propose"
    return str(record["spec"]["reason"])


def create_fleet(folder: Path, names: Sequence[str] = PIPELINES) -> PipelineFleet:
    """A production fleet with the files of these pipelines; its version 1 serves, adopted."""
    fleet = PipelineFleet(folder)
    create_store(folder)
    forget_default_store()  # only what is run with the fleet's variables may find it
    _prepare(fleet)
    fleet.git("init", "--quiet", "--bare", str(fleet.origin), cwd=folder)
    regions = ("eu-west-1:EU", "us-east-1:US")
    asked = [("--region", each) for each in regions] + [("--pipeline", each) for each in names]
    options = [part for pair in asked for part in pair]
    # Without a registry there is no version to lock yet: the trainer in the fleet makes it.
    fleet.must(
        "lockstep", "init", fleet.clone, "--yes", "--tier", "production", "--model", MODEL,
        "--family", FAMILY, "--environment", ENVIRONMENT, "--repository", ADDRESS,
        *options, cwd=folder, more={"MLFLOW_TRACKING_URI": ""},
    )  # fmt: skip
    assert fleet.new_version(seed=1) == "1"
    fleet.git("init", "--quiet")
    fleet.must("lockstep", "lock", FAMILY, "1")
    fleet.must("lockstep", "render")
    fleet.git("add", "--all")
    fleet.git("commit", "--quiet", "--message=Our fleet")
    fleet.git("remote", "add", "origin", ADDRESS)
    fleet.git("push", "--quiet", "--set-upstream", "origin", "main")
    fleet.must("lockstep", "adopt", FAMILY, "--reason", "it serves today")
    return fleet


def copy_fleet(template: PipelineFleet, folder: Path) -> PipelineFleet:
    """A copy to change at will; what the registry has logged stays where it is."""
    shutil.copytree(template.folder, folder, symlinks=True)
    fleet = PipelineFleet(folder)
    _prepare(fleet)
    return fleet


def _prepare(fleet: PipelineFleet) -> None:
    """Write what is found by its place: git's settings, and ``lockstep`` alone in a folder."""
    for name in ("home", "bin"):
        (fleet.folder / name).mkdir(parents=True, exist_ok=True)
    config = _GIT.format(origin=fleet.origin, address=ADDRESS)
    (fleet.folder / "home" / ".gitconfig").write_text(config)
    program = fleet.folder / "bin" / "lockstep"
    if not program.exists():
        program.symlink_to(PROGRAMS / "lockstep")

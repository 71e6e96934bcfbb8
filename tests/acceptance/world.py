"""A whole small world for acceptance tests: an origin, clones, and a registry; all of it real."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockstep.cli import invoke
from lockstep.edges.resources import shipped_root
from tests.unit.mlflow_store import MLMODEL, Store, create_store

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "base" / "clusters"
MODEL = "scoring"
FAMILY = "prod/scoring"
REGIONS = ("us-east-1", "eu-west-1")
START = "2026-03-01T08:00:00Z"
END = "2026-03-01T23:30:00Z"
ADDRESS = "https://git.example.com/ml/fleet.git"
SETTINGS = f"branch: main\nrepository: {ADDRESS}\n"
CLUSTER = f"clusters/{FAMILY}/eu-west-1.yaml"


def git(folder: Path, *arguments: str) -> str:
    """Run plain git, as anyone would, and give what it printed."""
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"git {arguments}: {done.stderr}"
    return done.stdout.strip()


def files_of(clone: Path) -> dict[str, bytes]:
    """Every file of a clone but git's own, by its path."""
    return {
        str(path.relative_to(clone)): path.read_bytes()
        for path in clone.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


@dataclass
class World:
    """Paths and ways to act; ``clone`` is where commands run by default."""

    folder: Path

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def clone(self) -> Path:
        return self.folder / "clone"

    @property
    def registry(self) -> str:
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    def lockstep(
        self, *arguments: str, at: str | None = None, root: Path | None = None
    ) -> tuple[int, str]:
        """Run a command line in this process: its exit code and what it printed."""
        return invoke(self.command(*arguments, at=at, root=root))

    def command(
        self, *arguments: str, at: str | None = None, root: Path | None = None
    ) -> list[str]:
        """The command line with where it acts, and when."""
        where = ["--root", str(root or self.clone)]
        moving = {"propose", "advance", "hold", "resume", "revert", "release", "adopt", "lock"}
        if arguments[0] in moving:
            where += ["--registry-uri", self.registry]
        # What tests do by hand is not always published; test_followed_branch shows what is.
        if arguments[0] in ("status", "audit", "site"):
            where += ["--work-tree"]
        if arguments[0] in moving | {"status", "check", "audit", "site"}:
            # These come after everything else, or records would be from the future.
            where += ["--now", at or (END if arguments[0] in ("check", "audit") else START)]
        return [*arguments, *where]

    def must(self, *arguments: str, at: str | None = None) -> str:
        """Run a command line that has to succeed; what it printed."""
        code, said = self.lockstep(*arguments, at=at)
        assert code == 0, f"{arguments}: exit {code}\n{said}"
        return said

    def git(self, *arguments: str) -> str:
        return git(self.clone, *arguments)

    def another_clone(self, name: str = "other") -> Path:
        git(self.folder, "clone", "--quiet", str(self.origin), name)
        identify(self.folder / name)
        return self.folder / name

    def propose(self, version: str = "2", family: str = FAMILY, at: str = START) -> str:
        """Propose a version; the name under which git shows the branch of the proposal here."""
        said = self.must("propose", family, version, "--format", "json", at=at)
        return f"origin/{json.loads(said)['items'][0]['branch']}"

    def merge_proposal(self, version: str = "2", at: str = START) -> None:
        """Propose a version, merge its branch into main and publish that."""
        branch = self.propose(version, at=at)
        self.git("merge", "--quiet", "--no-ff", "--no-edit", branch)
        self.git("push", "--quiet", "origin", "main")

    def measure(
        self, version: str, value: float, at: str, regions: tuple[str, ...] = REGIONS
    ) -> None:
        """Log the gate's metric for a version in regions, as measured at that time."""
        from datetime import datetime

        import mlflow
        from mlflow.entities import Metric

        client = mlflow.MlflowClient(self.registry, self.registry)
        found = client.get_model_version(MODEL, version)
        moment = int(datetime.fromisoformat(at).timestamp() * 1000)
        metrics = [
            Metric("auc", value, moment, step, model_id=found.source.removeprefix("models:/"),
                   run_id=found.run_id, dataset_name=f"holdout-{region}", dataset_digest="d1")
            for step, region in enumerate(regions)
        ]  # fmt: skip
        client.log_batch(found.run_id, metrics=metrics)

    def edit(self, path: str, old: str, new: str, message: str = "edit by hand") -> None:
        """Change a file by hand, commit and publish it."""
        file = self.clone / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        self.git("commit", "--quiet", "--all", "-m", message)
        self.git("push", "--quiet", "origin", "main")

    def records(self) -> list[Any]:
        return [
            json.loads(path.read_text())
            for path in sorted((self.clone / "ledger" / FAMILY).glob("*.json"))
        ]

    def variants(self, region: str) -> list[Any]:
        import yaml

        text = (self.clone / f"clusters/{FAMILY}/{region}.yaml").read_text()
        variants: list[Any] = yaml.safe_load(text)["spec"]["variants"]
        return variants

    def is_clean(self) -> bool:
        return self.git("status", "--porcelain") == ""


def identify(clone: Path) -> None:
    """Give a clone a committer, and the fleet's address for its remote, as lockstep.yaml has it."""
    git(clone, "config", "user.name", "A runner")
    git(clone, "config", "user.email", "runner@example.com")
    connect(clone, git(clone, "remote", "get-url", "origin"))


def connect(clone: Path, origin: str) -> None:
    """Have git look for the fleet's address, which is no real one, at ``origin``."""
    git(clone, "remote", "set-url", "origin", ADDRESS)
    for line in git(clone, "config", "--list", "--name-only").splitlines():
        if line.startswith("url."):
            git(clone, "config", "--unset-all", line)
    git(clone, "config", f"url.{origin}.insteadOf", ADDRESS)


def create_world(folder: Path) -> World:
    """A family in two regions that serves version 1, adopted; versions 2 and 3 are registered."""
    world = World(folder)
    store = create_store(folder)
    register_versions(store)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(world.origin))
    git(folder, "clone", "--quiet", str(world.origin), "clone")
    identify(world.clone)
    for name in ("templates", "policies"):
        shutil.copytree(shipped_root() / name, world.clone / name)
    shutil.copytree(EXAMPLE, world.clone / "clusters")
    shutil.rmtree(world.clone / "clusters" / FAMILY / "locks")
    for region in REGIONS:
        spec = world.clone / "clusters" / FAMILY / f"{region}.yaml"
        spec.write_text(spec.read_text().replace('version: "7"', 'version: "1"'))
    (world.clone / "lockstep.yaml").write_text(SETTINGS)
    world.must("lock", FAMILY, "1")
    world.must("render")
    world.git("checkout", "--quiet", "-b", "main")
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "the first fleet")
    world.git("push", "--quiet", "--set-upstream", "origin", "main")
    world.must("adopt", FAMILY, "--reason", "the state before Lockstep")
    return world


def register_versions(store: Store) -> None:
    """Register versions 1 to 3 of the model, with the metric of the family's gate."""
    for number in ("1", "2", "3"):
        files = {"MLmodel": MLMODEL, "model.txt": f"version {number}"}
        version, model_id, run = store.version(MODEL, files)
        assert version == number
        for step, region in enumerate(REGIONS):  # MLflow keeps one value a step and moment
            store.measure(run, model_id, "auc", 0.9, f"holdout-{region}", step=step)


def copy_world(template: World, folder: Path) -> World:
    """A copy to change at will: its own registry, origin and clone."""
    shutil.copytree(template.folder, folder, symlinks=True, dirs_exist_ok=True)
    world = World(folder)
    connect(world.clone, str(world.origin))
    return world


def lockstep_process(*arguments: str, cwd: Path) -> "subprocess.Popen[str]":
    """Start the program as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "lockstep", *arguments],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
    )  # fmt: skip

"""The prepared places in which the commands of pages are run."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from lockstep.cli import invoke
from lockstep.model.errors import LockstepError
from lockstep.opa.binary import find_opa
from tests.acceptance.doc_pages import ROOT
from tests.acceptance.installed import build_wheel
from tests.acceptance.world import ADDRESS, git
from tests.unit.mlflow_store import MLMODEL, create_store, forget_default_store

REGISTRY = "https://mlflow.example.com"
"""What pages call the registry: its real address is put in when their commands are run."""
MODEL = "fraud"
FAMILY = "fraud-detection"
REGIONS = ("eu-west-1", "us-east-1")
START = "2026-03-02T08:00:00Z"
REFERENCE = ("clusters", "ledger", "policies", "rendered", "templates")
_CONFIG = """\
[user]
  name = Reader
  email = reader@example.com
[init]
  defaultBranch = main
[url "{origin}"]
  insteadOf = {address}
"""


@dataclass(frozen=True)
class Place:
    """A folder with a home for the reader, and the folder ``fleet`` in which commands begin."""

    folder: Path

    @property
    def fleet(self) -> Path:
        """Where commands begin."""
        return self.folder / "fleet"

    @property
    def registry(self) -> str:
        """The address of its registry, which need not exist."""
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    @property
    def variables(self) -> Mapping[str, str]:
        """A home in which git finds who the reader is, and where the fleet's address leads."""
        home = self.folder / "home"
        return {"HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / ".gitconfig")}

    def prepare(self) -> None:
        """Write what every place has."""
        (self.folder / "home").mkdir()
        config = _CONFIG.format(origin=self.folder / "origin.git", address=ADDRESS)
        (self.folder / "home/.gitconfig").write_text(config)
        self.fleet.mkdir()

    def must(self, *arguments: str) -> None:
        """Run Lockstep as the reader, in this process."""
        with mock.patch.dict(os.environ, self.variables):
            code, said = invoke([*arguments])
        assert code == 0, f"{arguments}: exit {code}\n{said}"

    def git(self, *arguments: str) -> str:
        """Run git as the reader, in the fleet; what it printed."""
        with mock.patch.dict(os.environ, self.variables):
            return git(self.fleet, *arguments)


@dataclass(frozen=True)
class Places:
    """Makes places; a fleet with a registry is made once in ``folder``, and copied."""

    folder: Path

    def make(self, name: str, folder: Path) -> Place:
        """The place of this name in an empty folder. Skips the test where OPA is missing."""
        try:
            find_opa()
        except LockstepError as error:
            pytest.skip(f"OPA is missing: {error.message}")
        place = Place(folder)
        place.prepare()
        match name:
            case "an empty folder":
                pass
            case "an empty folder with a registry":
                _register(folder)
            case "the reference fleet":
                _reference(place)
            case "a new fleet":
                self._copy(place)
            case "a new fleet with a wheel":
                self._copy(place)
                build_wheel(folder)
            case "a rollout":
                self._copy(place)
                _start_rollout(place)
            case _:
                raise AssertionError(f"there is no place {name!r}")
        return place

    def _copy(self, place: Place) -> None:
        template = Place(self.folder / "template")
        if not template.folder.exists():
            template.folder.mkdir(parents=True)
            template.prepare()
            _new_fleet(template)
        for name in ("fleet", "origin.git"):
            shutil.copytree(template.folder / name, place.folder / name, dirs_exist_ok=True)
        shutil.copy(template.folder / "mlflow.db", place.folder)


def _reference(place: Place) -> None:
    """The reference fleet, on main."""
    for name in REFERENCE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place.fleet / name)
    _commit(place)


def _new_fleet(place: Place) -> None:
    """A fleet as ``lockstep init`` writes it, pushed and adopted, and three registered versions."""
    _register(place.folder)
    place.must(
        "init", str(place.fleet), "--yes", "--tier", "production", "--model", MODEL,
        "--family", FAMILY, "--repository", ADDRESS, "--version", "1", "--now", START,
        "--registry-uri", place.registry, "--region", "eu-west-1:EU", "--region", "us-east-1:US",
    )  # fmt: skip
    _commit(place)
    git(place.folder, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    place.git("remote", "add", "origin", ADDRESS)
    place.git("push", "--quiet", "--set-upstream", "origin", "main")
    place.must("adopt", FAMILY, "--reason", "it serves today", *_at(place, START))
    forget_default_store()


def _start_rollout(place: Place) -> None:
    """Version 2 has its first traffic."""
    place.must("propose", FAMILY, "2", *_at(place, "2026-03-02T09:00:00Z"))
    branch = place.git("branch", "--remotes", "--list", "origin/lockstep/*").strip()
    place.git("merge", "--quiet", "--no-edit", branch)
    place.git("push", "--quiet", "origin", "main")
    place.must("advance", FAMILY, *_at(place, "2026-03-02T10:00:00Z"))
    forget_default_store()


def _at(place: Place, now: str) -> tuple[str, ...]:
    return ("--registry-uri", place.registry, "--root", str(place.fleet), "--now", now)


def _register(folder: Path) -> None:
    store = create_store(folder)
    for number in "123":  # of different content, which is what a quarantine holds
        files = {"MLmodel": MLMODEL, "model.txt": f"version {number}"}
        _, model_id, run = store.version(MODEL, files)
        for step, region in enumerate(REGIONS):  # MLflow keeps one value a step and moment
            store.measure(run, model_id, "auc", 0.9, f"holdout-{region}", step=step)


def _commit(place: Place) -> None:
    place.git("init", "--quiet", "--initial-branch=main")
    place.git("add", "--all")
    place.git("commit", "--quiet", "--message=Our fleet")

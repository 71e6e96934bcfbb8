"""A family in dev, staging and prod, each with a registry of its own: git and program are real.

The registries are not: each is a table, behind the interface that all of Lockstep goes through.
In each, the number of a version means another content than the same number elsewhere.
"""

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from lockstep.cli import invoke
from lockstep.edges.resources import shipped_root
from lockstep.model.canonical import digest_bytes
from lockstep.model.document import Json
from lockstep.model.evidence import Measurement
from lockstep.registry.base import LoggedValue, NotInRegistry, RegisteredCopy
from tests.acceptance.environments import copy_prod
from tests.acceptance.world import EXAMPLE, SETTINGS, connect, git, identify

ENVIRONMENTS = ("dev", "staging", "prod")
NAME = "scoring"
CONTENTS = 5
"""Contents are numbered from 1, and each environment has registered all of them in this order."""

_OFFSETS = {"dev": 0, "staging": 1, "prod": 2}


def number_of(environment: str, content: int) -> str:
    """The number of a content in the registry of an environment."""
    return str(content + _OFFSETS[environment])


def content_of(environment: str, number: str) -> int:
    """The content of a version of an environment's registry."""
    return int(number) - _OFFSETS[environment]


def digest_of(content: int) -> str:
    return digest_bytes(f"content {content}".encode())


@dataclass
class Table:
    """The registry of one environment; ``bad`` are contents that fail their gates."""

    environment: str
    bad: set[int] = field(default_factory=set)

    @property
    def server(self) -> str:
        return f"https://{self.environment}.example.com"

    def serving(self, model: str) -> str:
        return number_of(self.environment, CONTENTS)

    def serving_aliases(self, model: str) -> Mapping[str, str]:
        return {}

    def facts(self, model: str, version: str, read_at: str, known: Json = None) -> Json:
        content = content_of(self.environment, version)
        if not 1 <= content <= CONTENTS:
            raise NotInRegistry(f"{model} has no version {version}")
        facts = {**_lock()["facts"], "readAt": read_at}
        identity = {
            **_lock()["identity"], "version": version, "digest": digest_of(content),
            "source": f"models:/m-{content:032x}", "modelId": f"m-{content:032x}",
        }  # fmt: skip
        return {"identity": identity, "facts": facts}

    def copies_of(self, model: str, identity: Json) -> tuple[RegisteredCopy, ...]:
        found = (c for c in range(CONTENTS, 0, -1) if digest_of(c) == identity["digest"])
        return tuple(
            RegisteredCopy(number_of(self.environment, each), "its tag lockstep.digest")
            for each in found
        )

    def measure(
        self, lock: Json, metric: str, dataset: str | None, now: str, needed: float = 0
    ) -> Measurement:
        content = content_of(self.environment, lock["identity"]["version"])
        value = 0.1 if content in self.bad else 0.9
        return Measurement(value, samples=1000, time=now)

    def values(
        self, lock: Json, metrics: Collection[str], dataset: str | None, after: datetime,
        until: datetime,
    ) -> list[LoggedValue]:  # fmt: skip
        return []

    def download(self, source: str, into: Path, most: int) -> None:
        raise NotImplementedError


@dataclass
class Three:
    """The fleet at its origin, a clone to act from, and the registries by environment."""

    folder: Path
    tables: dict[str, Table] = field(
        default_factory=lambda: {name: Table(name) for name in ENVIRONMENTS}
    )

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def clone(self) -> Path:
        return self.folder / "clone"

    def open(self, address: str | None, *_: object) -> Table:
        """The registry at an address, in the place of a client of MLflow."""
        return self.tables[str(address).removeprefix("https://").removesuffix(".example.com")]

    def run(self, environment: str, verb: str, *arguments: str, at: datetime) -> tuple[int, str]:
        """A verb about the family in an environment, with the registry of that one."""
        return invoke(
            [verb, *arguments, "--root", str(self.clone), "--now", f"{at:%Y-%m-%dT%H:%M:%SZ}",
             "--registry-uri", self.tables[environment].server]
        )  # fmt: skip

    def must(self, environment: str, verb: str, *arguments: str, at: datetime) -> str:
        code, said = self.run(environment, verb, *arguments, at=at)
        assert code == 0, f"{verb} {arguments}: exit {code}\n{said}"
        return said

    def files(self) -> dict[str, bytes]:
        """What the followed branch has at the remote, of specs and ledgers."""
        packed = subprocess.run(
            ["git", "archive", "main", "clusters", "ledger"],
            cwd=self.origin, capture_output=True, check=True,
        )  # fmt: skip
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            return {
                member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
                for member in archive if member.isfile()
            }  # fmt: skip

    def branches(self) -> list[str]:
        """The branches of proposals that the remote has, by name."""
        listed = git(self.origin, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/")
        return [name for name in listed.splitlines() if name.startswith("lockstep/")]

    def proposals(self, environment: str, number: int) -> list[Json]:
        """The records of that number that branches bring and the followed branch does not have."""
        path = f"ledger/{environment}/{NAME}/{number:06d}.json"
        return [
            json.loads(git(self.origin, "show", f"{branch}:{path}"))["spec"]
            for branch in self.branches()
            if branch.split("/")[1] == environment
            and git(self.origin, "ls-tree", "--name-only", branch, path)
        ]

    def merge(self, branch: str, at: datetime) -> bool:
        """Merge a branch as people do, once the check passes on the result; whether it came."""
        self.git("fetch", "--quiet", "origin")
        self.git("reset", "--quiet", "--hard", "origin/main")
        try:
            self.git("merge", "--quiet", "--no-ff", "--no-edit", f"origin/{branch}")
        except AssertionError:
            self.git("merge", "--abort")
            return False
        code, _ = self.check(at)
        if code:
            self.git("reset", "--quiet", "--hard", "origin/main")
            return False
        self.git("push", "--quiet", "origin", "main")
        return True

    def check(self, at: datetime) -> tuple[int, str]:
        """What CI says of what is checked out, on top of the followed branch."""
        time = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        return invoke(["check", "--base", "origin/main", "--root", str(self.clone), "--now", time])

    def git(self, *arguments: str) -> str:
        return git(self.clone, *arguments)


@contextmanager
def three_in_use(folder: Path, at: datetime) -> Iterator[Three]:
    """The fleet as adopted, and its registries in the place of MLflow's until it is left."""
    made = Three(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lockstep.registry.factory.MlflowRegistry", made.open)
        create_three(made, at)
        yield made


def copy_three(template: Three, folder: Path) -> Three:
    """A copy to change at will: its own origin and clone, and the same registries."""
    shutil.copytree(template.folder, folder, symlinks=True)
    made = Three(folder, template.tables)
    connect(made.clone, str(made.origin))
    return made


def create_three(made: Three, at: datetime) -> None:
    """Fill an empty folder: the family serves content 1 in each environment, adopted."""
    folder = made.folder
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(made.origin))
    git(folder, "clone", "--quiet", str(made.origin), "clone")
    identify(made.clone)
    for before, name in zip((None, *ENVIRONMENTS), ENVIRONMENTS, strict=False):
        _write_environment(made.clone / "clusters" / name, name, before)
    shutil.copytree(shipped_root() / "policies" / "data", made.clone / "policies" / "data")
    (made.clone / "lockstep.yaml").write_text(SETTINGS)
    for name in ENVIRONMENTS:
        made.must(name, "lock", f"{name}/{NAME}", number_of(name, 1), at=at)
    code, said = invoke(["render", "--root", str(made.clone)])
    assert code == 0, said
    made.git("checkout", "--quiet", "-b", "main")
    made.git("add", "--all")
    made.git("commit", "--quiet", "-m", "the first fleet")
    made.git("push", "--quiet", "--set-upstream", "origin", "main")
    for name in ENVIRONMENTS:
        made.must(name, "adopt", f"{name}/{NAME}", "--reason", "first", at=at)


def _write_environment(folder: Path, name: str, before: str | None) -> None:
    """Small enough that nothing but the moves takes long: one cluster, one step of two."""
    copy_prod(EXAMPLE / "prod", folder, before)
    shutil.rmtree(folder / NAME / "locks")
    (folder / NAME / "eu-west-1.yaml").unlink()
    for path in folder.rglob("*.yaml"):
        text = path.read_text().replace('version: "7"', f'version: "{number_of(name, 1)}"')
        text = text.replace(", [eu-west-1]]", "]").replace("bake: 2h", "bake: 1h")
        path.write_text(text)
    settings = folder / "environment.yaml"
    text = settings.read_text().replace("mlflow.example.com", f"{name}.example.com")
    if before:
        policy = "{bake: 2h, automatic: [scoring]}" if name == "staging" else "{bake: 2h}"
        text = text.replace("spec:\n", f"spec:\n  promotion: {policy}\n", 1)
    settings.write_text(text)


def _lock() -> Json:
    return yaml.safe_load((EXAMPLE / "prod" / NAME / "locks" / "7.yaml").read_text())["spec"]

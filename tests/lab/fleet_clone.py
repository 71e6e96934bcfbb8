"""The work tree of a fleet: its files are edited, rendered, committed and pushed here."""

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from lockstep.cli import invoke
from tests.acceptance.world import git
from tests.lab.applications import Object

# The verbs that ask a registry.
MOVING = {"propose", "advance", "hold", "resume", "revert", "release", "adopt", "lock"}


@dataclass
class FleetClone:
    """One environment of a fleet, in a clone of its repository.

    Attributes:
        environment: its name.
        clone: a work tree of ``main``; git reaches ``address`` in it by the path of ``bare``.
        bare: the repository that Argo CD reads.
        address: how Argo CD reads it.
        registry: the URI of the family's MLflow registry, where the fleet has one.
    """

    environment: str
    clone: Path
    bare: Path
    address: str
    registry: str | None = None

    def make_clone(self) -> None:
        """Make the work tree, with nothing in it yet."""
        self.clone.mkdir(parents=True)
        git(self.clone, "init", "--quiet", "--initial-branch=main")
        git(self.clone, "config", "user.name", "A runner")
        git(self.clone, "config", "user.email", "runner@example.com")
        git(self.clone, "remote", "add", "origin", self.address)
        git(self.clone, "config", f"url.{self.bare}.insteadOf", self.address)

    def lockstep(self, *arguments: str) -> tuple[int, str]:
        """Run a command line on the clone in this process: its exit code and what it printed."""
        where = ["--root", str(self.clone)]
        if self.registry and arguments[0] in MOVING:
            where += ["--registry-uri", self.registry]
        return invoke([*arguments, *where])

    def must(self, *arguments: str) -> str:
        """Run a command line that has to succeed; what it printed."""
        code, text = self.lockstep(*arguments)
        assert code == 0, f"{arguments}: exit {code}\n{text}"
        return text

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that is in a file of the clone exactly once."""
        file = self.clone / path
        text = file.read_text()
        assert text.count(old) == 1, (path, old, text)
        file.write_text(text.replace(old, new))

    def merge_proposal(self, version: str, family: str = "scoring") -> None:
        """Propose a version, merge its branch into main and push that."""
        text = self.must("propose", f"{self.environment}/{family}", version, "--format", "json")
        branch = json.loads(text)["items"][0]["branch"]
        git(self.clone, "merge", "--quiet", "--no-ff", "--no-edit", f"origin/{branch}")
        self.push()

    def render(self) -> None:
        """Write rendered/ as the specs declare it."""
        self.must("render")

    def commit(self, message: str) -> str:
        """Commit everything as it is, without rendering it; the commit's id."""
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", f"--message={message}")
        return git(self.clone, "rev-parse", "HEAD")

    def push(self) -> None:
        """Push main."""
        git(self.clone, "push", "--quiet", "origin", "main")

    def publish(self, message: str) -> str:
        """Render, commit and push; the commit's id."""
        self.render()
        commit = self.commit(message)
        self.push()
        return commit

    def tip(self) -> str:
        """The commit that main has at the remote."""
        return git(self.bare, "rev-parse", "main")

    def rendered(self, pattern: str = "**/*.yaml") -> list[Object]:
        """The objects of the rendered files of this environment that match, in order of paths."""
        found = sorted((self.clone / "rendered" / self.environment).glob(pattern))
        objects = [each for path in found for each in yaml.safe_load_all(path.read_text())]
        return [each for each in objects if each]

    def destinations(self) -> list[str]:
        """The names under which Argo CD knows the clusters of the regions, and what sees all."""
        text = (self.clone / "clusters" / self.environment / "environment.yaml").read_text()
        spec = yaml.safe_load(text)["spec"]
        whole = spec.get("observability", {}).get("destination")
        named = [each["destination"] for each in spec["regions"]] + ([whole] if whole else [])
        return list(dict.fromkeys(named))

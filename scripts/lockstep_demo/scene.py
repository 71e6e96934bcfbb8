"""What the chapters share: a bare origin, a clone, a registry, live traffic and a clock."""

import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from lockstep.edges.git.command import GitCommand
from lockstep.model.errors import LockstepError
from lockstep.model.times import format_time
from lockstep_demo.fleet_files import ENVIRONMENT, FAMILY, cluster_path, fleet_files
from lockstep_demo.narrator import ClaimFailed, Narrator
from lockstep_demo.payments import REGIONS
from lockstep_demo.traffic import Traffic
from lockstep_demo.training import Quality

Invoke = Callable[[list[str]], tuple[int, str]]
"""Runs one command line of Lockstep; its exit code and what it printed."""

_TIMELESS = ("render",)  # the verbs without an option --now


class PlainGit(GitCommand):
    """git without Lockstep, for what the demo does by hand and for its proofs."""

    def __call__(self, *args: str) -> str:
        """Run one command; what it printed. Raises LockstepError if it fails."""
        return self._output(*args).decode().rstrip("\n")


@dataclass
class Scene:
    """Everything that the chapters share. ``now`` is the demo's clock.

    ``environment`` and ``regions`` are where its family is, and ``family`` is how commands name it.
    """

    narrator: Narrator
    invoke: Invoke
    traffic: Traffic
    git: PlainGit
    now: datetime
    environment: str = ENVIRONMENT
    regions: Collection[str] = tuple(REGIONS)
    family: str = FAMILY

    def typed(self, *args: str) -> str:
        """The command line of a verb, as it is run inside the clone at the demo's time."""
        return " ".join(_quoted(part) for part in ("lockstep", *args, *self._clock(args[0])))

    def run(self, *args: str) -> tuple[int, str]:
        """Run a verb without showing it; its exit code and what it printed."""
        return self.invoke([*args, *self._clock(args[0]), "--root", str(self.git.root)])

    def lockstep(self, *args: str, expect: int = 0, show: bool = True) -> str:
        """Run a verb in the clone at the demo's time, and show it; what it printed.

        Raises ClaimFailed if the exit code is not the one expected.
        """
        if show:
            self.narrator.command(self.typed(*args))
        code, text = self.run(*args)
        if show:
            self.narrator.output(text)
        if code != expect:
            command = self.typed(*args)
            raise ClaimFailed(f"{command} ended with {code} instead of {expect}:\n{text}")
        return text

    def _clock(self, verb: str) -> tuple[str, ...]:
        return () if verb in _TIMELESS else ("--now", format_time(self.now))

    def by_hand(self, *args: str) -> str:
        """Run git in the clone and show that it was run."""
        self.narrator.command(" ".join(["git", *map(_quoted, args)]))
        return self.git(*args)

    def edits(self, folder: str = "clusters") -> str:
        """What differs in a folder of the work tree, without the lines that only programs need."""
        noise = ("diff ", "index ", "--- ", "@@")
        diff = self.git("diff", "--unified=0", "--no-prefix", "--", folder)
        return "\n".join(line for line in diff.splitlines() if not line.startswith(noise))

    def variants(self, region: str, revision: str = "origin/main") -> Any:
        """``spec.variants`` of a region's cluster as git has it."""
        # As published and not as checked out: that is what Argo CD would sync.
        path = cluster_path(region, self.environment)
        return yaml.safe_load(self.git("show", f"{revision}:{path}"))["spec"]["variants"]

    def weights(self, region: str) -> dict[str, int]:
        """The share of each version in a region, as the published specs say."""
        return {v["version"]: v["weight"] for v in self.variants(region) if v["weight"]}

    def serve(self, duration: timedelta) -> dict[str, dict[str, Quality]]:
        """Serve payments in all regions for ``duration``, and move the clock by it.

        Gives what was counted, by region and version.
        """
        start, self.now = self.now, self.now + duration
        return {
            region: self.traffic.serve_window(region, self.weights(region), start, self.now)
            for region in self.regions
        }

    def record(self, sequence: int = 0) -> Any:
        """A decision record of the ledger, as published; by default the newest."""
        folder = f"ledger/{self.environment}/{FAMILY}"
        names = self.git("ls-tree", "--name-only", f"origin/main:{folder}").splitlines()
        # The names have a fixed width, so the last one by text is the newest.
        name = f"{sequence:06d}.json" if sequence else max(names)
        return json.loads(self.git("show", f"origin/main:{folder}/{name}"))


def make_repositories(folder: Path, version: str) -> PlainGit:
    """A bare origin and a clone with the fleet in its work tree, nothing committed yet."""
    origin = folder / "origin.git"
    PlainGit(folder)("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    return make_clone(str(origin), folder / "fleet", fleet_files(version, str(origin)))


def make_clone(origin: str, clone: Path, files: Mapping[str, bytes], *settings: str) -> PlainGit:
    """A clone of an empty repository with files in its work tree, nothing committed yet.

    ``settings`` are git's for the clone, as ``key=value``.
    """
    options = [f"--config={setting}" for setting in settings]
    PlainGit(clone.parent)("clone", "--quiet", *options, origin, str(clone))
    git = PlainGit(clone)
    # A clone of an empty repository may have the default branch of the user's own settings.
    git("symbolic-ref", "HEAD", "refs/heads/main")
    for key, value in (("name", "Lockstep demo"), ("email", "demo@example.com")):
        git("config", f"user.{key}", value)
    # The user's own settings would ask for a passphrase, or run hooks of other projects.
    git("config", "commit.gpgsign", "false")
    git("config", "core.hooksPath", os.devnull)
    for path, data in files.items():
        target = clone / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return git


def require_empty(folder: Path) -> None:
    """Make the scratch folder. Raises LockstepError if it is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LockstepError(
            "the demo needs a new or an empty folder",
            where=str(folder),
            fix="give another one with --dir",
        )
    folder.mkdir(parents=True, exist_ok=True)


def _quoted(text: str) -> str:
    return f"'{text}'" if " " in text else text

"""The example fleet as a repository, in which pull requests are made and checked."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockstep.cli import invoke
from tests.acceptance.world import git

ROOT = Path(__file__).resolve().parents[2]
NOW = "2026-06-01T08:00:00Z"
EU = "clusters/prod/scoring/eu-west-1.yaml"
FAMILY = "clusters/prod/scoring/family.yaml"


@dataclass
class Fleet:
    """A repository with the example fleet on main; ``main`` is valid."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> "Fleet":
        """Copy policies, templates and the example fleet, render and commit them."""
        for name in ("policies", "templates"):
            shutil.copytree(ROOT / name, root / name)
        shutil.copytree(ROOT / "policies/examples/clusters", root / "clusters")
        fleet = cls(root)
        git(root, "init", "--quiet", "--initial-branch=main")
        git(root, "config", "user.name", "ML platform")
        git(root, "config", "user.email", "ml-platform@example.com")
        fleet.commit("the fleet")
        return fleet

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that is in a file exactly once."""
        text = (self.root / path).read_text()
        assert text.count(old) == 1, (path, old)
        (self.root / path).write_text(text.replace(old, new))

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def commit(self, message: str) -> None:
        """Render and commit everything."""
        invoke(["render", "--root", str(self.root)])
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", f"--message={message}")

    def check(self, *arguments: str, now: str = NOW) -> tuple[int, list[dict[str, Any]]]:
        """Exit code and findings of the rendered change; an error is a finding of a report too."""
        invoke(["render", "--root", str(self.root)])
        where = ["--root", str(self.root), "--format", "json", "--now", now]
        code, said = invoke(["check", *where, *arguments])
        report, _ = json.JSONDecoder().raw_decode(said)  # behind it, an error on standard error
        return code, report["findings"]


def rules(findings: list[dict[str, Any]]) -> list[str]:
    """The rule ids of findings."""
    return [finding["rule"] for finding in findings]

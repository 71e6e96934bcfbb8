"""Runs the workflows of a fleet with act: unmodified, on this machine, without GitHub.

act copies the work tree and its ``.git`` instead of a check-out, and knows no filters, environments
and groups of concurrency. Actions that need GitHub are replaced by those in the folder ``act``.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from lockstep.edges.resources import scaffold_templates
from lockstep.scaffold.workflows import github_workflows
from tests.acceptance.world import World

STUBS = Path(__file__).resolve().parent / "act"
_STORING = {"actions/upload-artifact": "upload", "actions/download-artifact": "download"}
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
# Another program instead of the pinned one, which tests would have to download.
_INSTALL = """\
from pathlib import Path

programs = Path(__file__).resolve().parent / ".venv/bin"
programs.mkdir(parents=True)
(programs / "lockstep").symlink_to({program!r})
"""


@dataclass(frozen=True)
class Ended:
    """A run of a workflow: act's exit code, and what it printed."""

    code: int
    text: str

    @property
    def exit_codes(self) -> list[int]:
        """Those of the steps that failed."""
        return [int(code) for code in re.findall(r"exit status (\d+)$", self.text, re.MULTILINE)]

    @property
    def annotations(self) -> list[str]:
        """What GitHub would show at the lines of a change."""
        return re.findall(r"::(?:error|warning|notice) .*", self.text)

    @property
    def log(self) -> str:
        """What the steps printed."""
        return "\n".join(re.findall(r"^\[[^\]]*\]   \| (.*)", self.text, re.MULTILINE))


@dataclass(frozen=True)
class Started:
    """A run that has been started, with the folder of its own."""

    child: "subprocess.Popen[str]"
    folder: Path

    def end(self) -> Ended:
        """Wait for its end, and remove what act leaves behind."""
        text, _ = self.child.communicate(timeout=300)
        shutil.rmtree(self.folder)
        return Ended(self.child.returncode, text)


@dataclass(frozen=True)
class Actions:
    """GitHub's part: starts workflows of a world's clone, and keeps what they store.

    ``token`` is that of each run, for the forge.
    """

    world: World
    folder: Path
    token: str = "of-this-run"

    @property
    def stored(self) -> Path:
        """Where archives are."""
        return self.folder / "stored"

    def start(
        self,
        workflow: str,
        event: str,
        payload: Mapping[str, Any],
        root: Path | None = None,
        variables: Mapping[str, str] = NO_VARIABLES,
    ) -> Started:
        """Start a workflow for an event, in the world's clone or another one.

        ``variables`` are those of the repository, beside the registry's address.
        """
        own = self.folder / f"run-{len(list(self.folder.glob('run-*')))}"
        own.mkdir()
        (own / "event.json").write_text(json.dumps(payload))
        argv = [
            "act", event, "--workflows", f".github/workflows/{workflow}.yml",
            "--eventpath", str(own / "event.json"), "--directory", str(root or self.world.clone),
            "--platform", "ubuntu-latest=-self-hosted", "--action-cache-path", str(own / "cache"),
            "--no-cache-server", "--pull=false", "--env", f"STORED={self.stored}",
            "--secret", "GITHUB_TOKEN", "--var", f"MLFLOW_TRACKING_URI={self.world.registry}",
            *(f"--var={name}={value}" for name, value in variables.items()),
            *_replaced(self.world.clone),
        ]  # fmt: skip
        homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(own))
        child = subprocess.Popen(
            argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **homes, "GITHUB_TOKEN": self.token},
        )  # fmt: skip
        return Started(child, own)

    def run(
        self,
        workflow: str,
        event: str,
        payload: Mapping[str, Any],
        variables: Mapping[str, str] = NO_VARIABLES,
    ) -> Ended:
        """Run a workflow to its end."""
        return self.start(workflow, event, payload, variables=variables).end()


def _replaced(clone: Path) -> list[str]:
    """act's options that replace each action of GitHub's, as the workflows pin it."""
    texts = "".join(path.read_text() for path in (clone / ".github/workflows").glob("*.yml"))
    used = set(re.findall(r"uses: ([\w-]+/[\w-]+)[^@\s]*@([0-9a-f]{40})", texts))
    options = []
    for name, commit in sorted(used):
        stub = STUBS / _STORING.get(name, "nothing")
        options += ["--local-repository", f"{name}@{commit}={stub}"]
    return options


def open_actions(world: World, folder: Path, token: str = "of-this-run") -> Actions:
    """Give a world the workflows of a new fleet. Skips the test where act is missing."""
    if not shutil.which("act"):
        pytest.skip("act is missing: make tools/bin/act")
    actions = Actions(world, folder, token)
    actions.stored.mkdir(parents=True)
    files = github_workflows("main", scaffold_templates(), own=False)
    program = str(Path(sys.executable).parent / "lockstep")
    files["install-lockstep.py"] = _INSTALL.format(program=program).encode()
    files[".gitignore"] = b"/.venv/\n"
    for path, data in files.items():
        (world.clone / path).parent.mkdir(parents=True, exist_ok=True)
        (world.clone / path).write_bytes(data)
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", "Workflows")
    world.git("push", "--quiet", "origin", "main")
    return actions

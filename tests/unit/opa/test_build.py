"""Building OPA for a user: what is run, what is kept, and what is reported."""

import os
from pathlib import Path

import pytest

from lockstep.edges import process
from lockstep.model.errors import LockstepError
from lockstep.opa import build
from lockstep.opa.binary import pinned_version, user_opa

SAID: list[str] = []


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No program of the checkout, and a folder of its own for this user's."""
    SAID.clear()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("lockstep.opa.binary.tool_dir", lambda: tmp_path / "none")


def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have ``script`` do the build: it gets the name, the package and the folder."""
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "build").write_text(script)
    monkeypatch.setattr(build, "tool_sources", lambda: folder)


BUILDS = """
mkdir -p "$3"
printf '#!/bin/sh\\necho "Version: 1.22.2"\\n' > "$3/$1"
chmod +x "$3/$1"
env > "$(dirname "$0")/environment"
"""


def test_it_builds_once_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources(tmp_path, monkeypatch, BUILDS)
    first = build.build_opa(SAID.append)
    assert first.built and first.version == "1.22.2" and first.path == str(user_opa())
    assert [
        f"Building OPA {pinned_version()}, which takes some minutes the first time: {user_opa()}"
    ] == SAID
    again = build.build_opa(SAID.append)
    assert not again.built and len(SAID) == 1


def test_the_build_gets_no_credentials_of_the_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources(tmp_path, monkeypatch, BUILDS)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    monkeypatch.setenv("LOCKSTEP_OPA_TOKEN", "secret")
    build.build_opa(SAID.append)
    assert "secret" not in (tmp_path / "tools/environment").read_text()
    assert "PYTHON=" in (tmp_path / "tools/environment").read_text()


@pytest.mark.parametrize("script", ["echo 'no route to the proxy' >&2; exit 1", "exit 0"])
def test_a_build_that_fails_is_an_error_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    sources(tmp_path, monkeypatch, script)
    with pytest.raises(LockstepError, match="OPA could not be built") as caught:
        build.build_opa(SAID.append)
    assert ("no route to the proxy" in caught.value.message) is ("proxy" in script)
    assert "install OPA 1.22 or newer" in caught.value.fix


def test_a_build_that_does_not_end_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources(tmp_path, monkeypatch, "sleep 60")
    monkeypatch.setattr(build, "_SECONDS", 0.2)
    with pytest.raises(LockstepError, match=r"did not end within 0\.2 seconds"):
        build.build_opa(SAID.append)


def test_a_built_program_that_is_not_opa_is_reported(tmp_path: Path) -> None:
    mine = user_opa()
    assert mine
    mine.parent.mkdir(parents=True)
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    with pytest.raises(LockstepError, match="does not report a version") as caught:
        build.build_opa(SAID.append)
    assert caught.value.fix == f"remove {mine}, then run lockstep tools opa"


def test_without_a_home_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "nowhere")
    with pytest.raises(LockstepError, match="no folder of this user") as caught:
        build.build_opa(SAID.append)
    assert "XDG_DATA_HOME" in caught.value.fix


def test_the_script_is_run_by_the_one_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources(tmp_path, monkeypatch, BUILDS)
    ran: list[list[str]] = []
    real = process.run

    def noted(argv: list[str], **options: object) -> process.Completed:
        ran.append(argv)
        return real(argv, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "run", noted)
    build.build_opa(SAID.append)
    mine = user_opa()
    assert mine
    script = str(tmp_path / "tools/build")
    package = "github.com/open-policy-agent/opa"
    assert ran[0] == ["sh", script, mine.name, package, os.path.dirname(mine)]

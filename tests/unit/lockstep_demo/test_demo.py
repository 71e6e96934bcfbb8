"""The demo from end to end on real parts, and that it does not claim what does not hold."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="the demo needs lockstep[registry]")

from lockstep.cli import invoke
from lockstep.model.errors import LockstepError
from lockstep.model.exit_codes import ExitCode
from lockstep.opa.binary import find_opa
from lockstep_demo.narrator import ClaimFailed, Narrator
from lockstep_demo.runner import run
from lockstep_demo.scene import PlainGit, make_repositories
from tests.acceptance.prometheus_server import needs_prometheus
from tests.unit.mlflow_store import forget_default_store

PAGE = Path(__file__).resolve().parents[3] / "docs/tutorial/demo.md"
REGIONS = ("ap-south-1", "eu-west-1", "us-east-1")


@pytest.fixture(autouse=True)
def no_server_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The demo makes its registry the default of the process; forget it afterwards."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    yield
    forget_default_store()


def need_opa() -> None:
    try:
        find_opa()
    except LockstepError as error:
        pytest.skip(error.message)


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def quoted_lines() -> list[str]:
    """The lines of the demo that its page quotes."""
    blocks = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line not in ("", "…")]
    assert len(lines) > 20
    return lines


def pattern(quoted: str) -> str:
    """A line as quoted: ``…`` is anything, and what models decide may differ between machines.

    These are decimals, counts (of so many), and the numbers and the time of evidence.
    """
    text = ".*".join(re.escape(part) for part in quoted.split("…"))
    for varies, found in (
        (r"\d+\\\.\d+", r"[\\d.]+"),
        (r"[\d,]+\\ of\\ [\d,]+", r"[\\d,]+\\ of\\ [\\d,]+"),
        (r"harm\\ [^ ]+\\ \\\(", r"harm\\ [^ ]+\\ \\("),
        (r"T06:17", r"T\\d\\d:\\d\\d"),
    ):
        text = re.sub(varies, found, text)
    return f"^{text}$"


@needs_prometheus
def test_every_claim_holds_and_git_agrees(tmp_path: Path) -> None:
    need_opa()
    out = StringIO()
    run(tmp_path / "demo", invoke, out)
    story = out.getvalue()
    for part in (
        "policy.weights-sum",
        "policy.not-diverged",
        "policy.data-residency",
        "policy.image-by-digest",
        "version 2 is verified",
        "version 3 is rolled back: false-positives in fraud-detection-eu-west-1",
        "version 3 is in quarantine",
        "version 4 waits: there is not enough evidence of no harm",
        "version 4 is rolled back: false-positives in fraud-detection-eu-west-1",
        "the evidence of harm rolled it back",
        "the promotion is refused for the quarantine, and nothing is proposed",
        "it waits until 2026-03-05T10:30:00Z, and nothing is proposed",
        "version 5 is what staging has verified in its record",
        "Every claim holds",
    ):
        assert part in story
    assert "pull request was opened" not in story  # the remote is a folder, which has no forge
    assert [line for line in quoted_lines() if not re.search(pattern(line), story, re.M)] == []
    origin = tmp_path / "demo" / "origin.git"
    ledger = "ledger/prod/fraud-detection"
    verified, restored = (
        git(origin, "log", "-1", "--format=%H", f"--grep=^Lockstep-Action: {action}$", "main", "--",
            ledger)
        for action in ("verify", "restore")
    )  # fmt: skip
    for region in REGIONS:
        for path in (
            f"clusters/prod/fraud-detection/{region}.yaml",
            f"rendered/prod/clusters/fraud-detection-{region}",
        ):
            assert git(origin, "rev-parse", f"{restored}:{path}") == git(
                origin, "rev-parse", f"{verified}:{path}"
            )
    assert git(tmp_path / "demo" / "fleet", "status", "--porcelain") == ""
    records = [
        json.loads(git(origin, "show", f"main:{ledger}/{name}"))["spec"]
        for name in git(origin, "ls-tree", "--name-only", f"main:{ledger}").splitlines()
    ]
    *_, restore, propose, advance = records
    assert restore["action"] == "restore" and restore["restored"]["exact"] is True
    assert propose["action"] == "propose" and propose["promotedFrom"]["environment"] == "staging"
    assert advance["action"] == "advance" and advance["target"] == propose["target"]
    assert all("promotedFrom" not in record for record in records[:-2])


def test_a_verb_that_does_not_do_its_work_ends_the_demo(tmp_path: Path) -> None:
    need_opa()

    def lazy(arguments: list[str]) -> tuple[int, str]:
        """Lockstep with an ``adopt`` that only says that it worked."""
        return (0, "done") if arguments[0] == "adopt" else invoke(arguments)

    out = StringIO()
    with pytest.raises(ClaimFailed, match="not-diverged") as caught:
        run(tmp_path / "demo", lazy, out)
    assert caught.value.exit_code is ExitCode.VERIFICATION_FAILED
    assert "Every claim holds" not in out.getvalue()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(LockstepError, match="empty folder"):
        run(tmp_path, invoke, StringIO())
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_missing_opa_is_reported_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_OPA", "no-such-program")
    with pytest.raises(LockstepError, match="no-such-program"):
        run(tmp_path / "demo", invoke, StringIO())


def test_a_claim_is_printed_only_if_it_holds() -> None:
    out = StringIO()
    narrator = Narrator(out)
    narrator.claim(True, "water is wet")
    with pytest.raises(ClaimFailed, match="fire is cold"):
        narrator.claim(False, "fire is cold", "it burnt")
    assert "water is wet" in out.getvalue()
    assert "cold" not in out.getvalue()


def test_the_fleet_is_made_whatever_the_user_has_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "gitconfig"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    settings.write_text(
        f"[commit]\n gpgsign = true\n[core]\n hooksPath = {hooks}\n[init]\n defaultBranch = x\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_DIR", os.devnull)
    made: PlainGit = make_repositories(tmp_path, "1")
    made("add", "--all")
    made("commit", "--quiet", "--message", "first")
    assert made("branch", "--show-current") == "main"

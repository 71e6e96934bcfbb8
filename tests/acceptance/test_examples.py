"""Every example under tests/examples: a small fleet, one change, and the exact findings.

A case is a folder in ``positive/`` or ``negative/`` with the files that change and an
``expected.json``: what the case is ``about``, the ``exit`` code, the ``findings`` and perhaps the
``removed`` files. The change is rendered and then checked, as its author would do it.
The rules have examples of their own next to them. ``LOCKSTEP_UPDATE_EXAMPLES=1`` writes what is
found instead of comparing it.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli.entry import invoke
from lockstep.model.errors import LockstepError
from lockstep.opa.binary import find_opa

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "examples"
CASES = sorted(path.parent for path in EXAMPLES.glob("*/*/expected.json"))
NOW = "2026-02-01T08:00:00Z"
FIELDS = ("rule", "file", "line", "column", "message")
UPDATE = bool(os.environ.get("LOCKSTEP_UPDATE_EXAMPLES"))


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=ML platform", "-c", "user.email=ml-platform@example.com")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the small fleet, rendered and committed, and it is clean."""
    try:
        find_opa()
    except LockstepError as error:
        pytest.skip(f"OPA is missing: {error.message}")
    folder = tmp_path_factory.mktemp("base")
    shutil.copytree(EXAMPLES / "base", folder, dirs_exist_ok=True)
    for shared in ("policies", "templates"):
        shutil.copytree(ROOT / shared, folder / shared)
    git(folder, "init", "--quiet", "--initial-branch=main")
    code, output = invoke(["render", "--root", str(folder)])
    assert code == 0, output
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=base")
    return folder


def changed(case: Path, base: Path, folder: Path) -> Path:
    """A clone of the base with the change of a case, rendered as far as it can be."""
    shutil.copytree(base, folder, symlinks=True)
    shutil.copytree(
        case, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.json")
    )
    for path in expectation(case).get("removed", []):
        (folder / path).unlink()
    invoke(["render", "--root", str(folder)])
    return folder


def expectation(case: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((case / "expected.json").read_text())
    return expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_example_has_exactly_the_findings_expected(case: Path, base: Path, tmp_path: Path) -> None:
    folder = changed(case, base, tmp_path / "repository")
    code, output = invoke(["check", "--root", str(folder), "--format", "json", "--now", NOW])
    report = json.loads(output)
    found = [{field: finding[field] for field in FIELDS} for finding in report["findings"]]
    expected = expectation(case)
    if UPDATE:
        expected |= {"exit": code, "findings": found}
        text = json.dumps(expected, indent=2, ensure_ascii=False)
        (case / "expected.json").write_text(text + "\n")
        return
    assert found == expected["findings"]
    assert code == expected["exit"]
    assert report["summary"]["errors"] == len(found)
    assert all(finding["fix"] and finding["severity"] == "error" for finding in report["findings"])


def test_positive_examples_expect_nothing_and_negative_ones_something() -> None:
    assert len(CASES) > 100
    for case in CASES:
        expected = expectation(case)
        positive = case.parent.name == "positive"
        assert bool(expected["findings"]) is not positive, case
        assert (expected["exit"] == 0) is positive, case


def test_findings_as_text_are_a_line_each_with_what_to_do_below(base: Path, tmp_path: Path) -> None:
    case = EXAMPLES / "negative" / "bad-pull-request"
    folder = changed(case, base, tmp_path / "repository")
    code, output = invoke(["check", "--root", str(folder), "--now", NOW])
    lines = output.splitlines()
    places = [
        f"{f['file']}:{f['line']}:{f['column']}: error" for f in expectation(case)["findings"]
    ]
    heads = [line for line in lines[:-1] if not line.startswith("    ")]
    assert [" ".join(line.split()[:2]) for line in heads] == places
    assert sum(line.startswith("    fix: ") for line in lines) == len(places)
    assert lines[-1] == "3 errors in 2 clusters"
    assert code == 11

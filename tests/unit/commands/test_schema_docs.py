"""lockstep schema docs: the file that it writes, and when it is stale."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from lockstep.cli.entry import invoke

ROOT = Path(__file__).resolve().parents[3]
FIELDS, RECORDS, *_ = NAMES = (
    "docs/reference/fields.md", "docs/reference/records.md", "docs/reference/rollout.md",
    "docs/reference/rendering.md", "docs/reference/json.md",
    "docs/reference/exit-codes.md", "docs/reference/verbs.md",
)  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "policies/schemas", tmp_path / "policies/schemas")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


def test_it_writes_once_and_then_has_nothing_to_do(repository: Path) -> None:
    verb = ["schema", "docs", "--root", str(repository)]
    assert invoke(verb) == (0, "".join(f"{name} written\n" for name in NAMES))
    text = (repository / FIELDS).read_text()
    assert "| `spec.serving.port` |" in text
    assert "| `spec.verifiedState.commit` |" in (repository / RECORDS).read_text()
    current = "".join(f"{name} is up to date\n" for name in NAMES)
    assert invoke(verb) == (0, current)
    assert invoke([*verb, "--check"]) == (0, current)


def test_check_names_the_first_stale_line_and_writes_nothing(repository: Path) -> None:
    verb = ["schema", "docs", "--root", str(repository)]
    code, output = invoke([*verb, "--check"])
    assert code == 10
    for name in NAMES:
        assert f"{name}:1:1: error schema.docs: the reference is missing" in output
    invoke(verb)
    path = repository / "policies/schemas/cluster/serving.json"
    path.write_text(path.read_text().replace("65535", "9999"))
    before = (repository / FIELDS).read_text()
    line = 1 + next(n for n, text in enumerate(before.splitlines()) if "serving.port`" in text)
    code, output = invoke([*verb, "--check", "--format", "json"])
    (finding,) = json.loads(output)["findings"]
    assert finding["file"] == FIELDS
    assert (code, finding["line"], finding["fix"]) == (10, line, "lockstep schema docs")
    assert (repository / FIELDS).read_text() == before


@pytest.mark.parametrize("more", [[], ["--check"]])
def test_a_fleet_has_no_references_of_its_own(tmp_path: Path, more: list[str]) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/organisation.yaml").write_text("a: 1\n")
    code, output = invoke(["schema", "docs", "--root", str(tmp_path), *more])
    assert code == 2 and "schemas ship with the program" in output and "from git" not in output
    assert not (tmp_path / "docs").exists()


def test_schemas_that_cannot_be_used_are_an_error(repository: Path) -> None:
    (repository / "policies/schemas/common.json").write_text("{")
    code, output = invoke(["schema", "docs", "--root", str(repository)])
    assert code == 1
    assert "policies/schemas/common.json: this schema cannot be used" in output
    assert not (repository / "docs").exists()


def test_the_reference_of_this_repository_is_up_to_date() -> None:
    assert invoke(["schema", "docs", "--check", "--root", str(ROOT)])[0] == 0

"""What git stores is what is checked, whatever the files of one clone look like."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import invoke
from tests.acceptance.fleets import EU, FAMILY, NOW, Fleet, rules
from tests.acceptance.world import files_of, git

ENVIRONMENT = "clusters/prod/environment.yaml"
ENCODED = "working-tree-encoding=UTF-16LE"
BAD_EDIT = ("port: 8080", "port: 70000")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example fleet, made once and only ever copied."""
    return Fleet.create(tmp_path_factory.mktemp("fleet")).root


@pytest.fixture
def fleet(template: Path, tmp_path: Path) -> Fleet:
    """A fleet of its own for one test."""
    shutil.copytree(template, tmp_path / "fleet")
    git(tmp_path / "fleet", "status")  # which notes the times of the copied files
    return Fleet(tmp_path / "fleet")


def check(root: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and findings of the files as they are."""
    where = ["--root", str(root), "--format", "json", "--now", NOW]
    code, said = invoke(["check", *where, *arguments])
    report, _ = json.JSONDecoder().raw_decode(said)
    return code, report["findings"]


def commit(root: Path, message: str = "by hand") -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", f"--message={message}")


def clone(root: Path, name: str, *options: str) -> Path:
    """A clone beside a repository, with a committer."""
    made = root.parent / name
    git(root.parent, "clone", "--quiet", *options, str(root), name)
    git(made, "config", "user.name", "ML platform")
    git(made, "config", "user.email", "ml-platform@example.com")
    return made


def garble(fleet: Fleet, attributes: str, pattern: str, file: str) -> None:
    """Commit a file that git is made to read as UTF-16, which it is not."""
    data = (fleet.root / file).read_bytes()
    (fleet.root / file).write_bytes(data + b"\n" * (2 - len(data) % 2))
    fleet.write(attributes, f"{pattern} {ENCODED}\n")
    commit(fleet.root)


@pytest.mark.parametrize(
    ("attributes", "pattern", "file"),
    [
        (".gitattributes", ENVIRONMENT, ENVIRONMENT),
        (".gitattributes", "eu-west-1.yaml", EU),
        ("clusters/prod/.gitattributes", "/environment.yaml", ENVIRONMENT),
    ],
)
def test_bytes_that_git_garbles_are_what_is_checked(
    fleet: Fleet, attributes: str, pattern: str, file: str
) -> None:
    garble(fleet, attributes, pattern, file)
    there = clone(fleet.root, "fresh")
    assert (there / file).read_bytes() == (fleet.root / file).read_bytes()
    for root in (fleet.root, there):
        code, findings = check(root, "--base", "HEAD^")
        assert code == 10
        (attribute,) = [each for each in findings if each["rule"] == "git.attribute"]
        assert (attribute["file"], attribute["line"]) == (attributes, 1)
        assert f"{ENCODED} is set for clusters/prod/" in attribute["message"]
        broken = [each for each in findings if each["file"] == file]
        assert broken, "and the stored bytes are read"


@pytest.mark.parametrize("file", [ENVIRONMENT, FAMILY])
def test_after_a_base_that_cannot_be_read_no_change_passes_as_one_without_a_past(
    fleet: Fleet, file: str
) -> None:
    before = (fleet.root / file).read_bytes()
    garble(fleet, ".gitattributes", file, file)
    fleet.write(".gitattributes", "")
    (fleet.root / file).write_bytes(before)
    os.utime(fleet.root / file, (1, 1))  # so that git reads it again
    code, findings = check(fleet.root, "--base", "HEAD")
    assert (code, rules(findings)) == (10, ["base.unreadable"])
    assert findings[0]["file"] == file and "cannot be compared" in findings[0]["message"]
    assert "git revert" in findings[0]["fix"]
    commit(fleet.root)
    assert check(fleet.root, "--base", "HEAD") == (0, []), "once it was merged, all is well"


def test_a_checkout_with_line_endings_of_windows_is_like_any_other(fleet: Fleet) -> None:
    windows = clone(fleet.root, "windows", "--config", "core.autocrlf=true")
    before = files_of(windows)
    assert all(b"\r\n" in before[path] for path in (EU, "rendered/prod/environment/PROVENANCE"))
    assert check(windows, "--base", "HEAD") == (0, [])
    code, said = invoke(["render", "--root", str(windows), "--format", "json"])
    assert (code, json.loads(said)["items"]) == (0, [])
    assert files_of(windows) == before

    file = windows / FAMILY
    file.write_bytes(file.read_bytes().replace(b"port: 8080\r\n", b"port: 8081\r\n"))
    code, said = invoke(["render", "--root", str(windows), "--format", "json"])
    written = [each["file"] for each in json.loads(said)["items"]]
    assert code == 0 and all("scoring" in path for path in written)
    assert not any(b"\r" in (windows / path).read_bytes() for path in written)
    commit(windows)
    git(windows, "push", "--quiet", "origin", "HEAD:refs/heads/edited")
    git(fleet.root, "switch", "--quiet", "edited")
    assert not any(b"\r" in data for data in files_of(fleet.root / "rendered").values())
    assert check(fleet.root, "--base", "main")[1] == check(windows, "--base", "HEAD^")[1] == []
    assert invoke(["render", "--root", str(fleet.root)])[0] == 0
    assert git(fleet.root, "status", "--porcelain") == ""


def test_files_that_must_not_be_converted_are_no_error(fleet: Fleet) -> None:
    git(fleet.root, "config", "core.autocrlf", "input")
    git(fleet.root, "config", "core.safecrlf", "true")
    file = fleet.root / EU
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert check(fleet.root) == (0, [])


HOOK = f"""\
#!/bin/sh
exec '{sys.executable}' -m lockstep check --staged --now {NOW}
"""


def test_a_partial_commit_is_checked_by_its_own_index(fleet: Fleet) -> None:
    hook = fleet.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)

    def commits(*paths: str) -> bool:
        given = ["git", "commit", "--quiet", "--message=partial", "--", *paths]
        done = subprocess.run(given, cwd=fleet.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or "schema." in done.stderr + done.stdout
        return done.returncode == 0

    fleet.edit(FAMILY, *BAD_EDIT)
    git(fleet.root, "add", FAMILY)
    fleet.write("README.md", "another file\n")
    git(fleet.root, "add", "--intent-to-add", "README.md")
    assert commits("README.md"), "the staged mistake is not in this commit"
    assert not commits(FAMILY)
    git(fleet.root, "restore", "--staged", FAMILY)
    assert not commits(FAMILY), "it is not staged, and would be in this commit"


def test_what_is_staged_is_checked_without_untracked_and_later_changes(fleet: Fleet) -> None:
    fleet.write("clusters/prod/scoring/new.yaml", "kind: [\n")
    fleet.edit(FAMILY, *BAD_EDIT)
    fleet.write(".gitignore", "*.tmp\n")
    fleet.write("clusters/prod/scoring/x.tmp", "")
    assert check(fleet.root, "--staged") == (0, [])
    code, findings = check(fleet.root)
    assert code == 10
    assert {"git.ignored", "yaml.syntax"} <= set(rules(findings))
    git(fleet.root, "add", FAMILY)
    code, findings = check(fleet.root, "--staged")
    assert code == 10 and {finding["file"] for finding in findings} == {FAMILY}


def test_a_linked_work_tree_has_its_own_files(fleet: Fleet) -> None:
    linked = fleet.root.parent / "linked"
    git(fleet.root, "worktree", "add", "--quiet", str(linked))
    Fleet(linked).edit(FAMILY, *BAD_EDIT)
    assert check(linked)[0] == 10
    assert check(fleet.root) == (0, [])


@pytest.mark.parametrize(("option", "start"), [("--cone", ""), ("--no-cone", "/")])
def test_what_a_sparse_checkout_leaves_out_is_checked_as_git_has_it(
    fleet: Fleet, option: str, start: str
) -> None:
    folders = (f"{start}{name}" for name in ("clusters", "policies", "templates"))
    git(fleet.root, "sparse-checkout", "set", option, *folders)
    assert not (fleet.root / "rendered").exists()
    assert check(fleet.root) == (0, [])


def test_render_cannot_remove_what_a_sparse_checkout_leaves_out(fleet: Fleet) -> None:
    git(fleet.root, "sparse-checkout", "set", "--cone", "clusters", "policies", "templates")
    shutil.rmtree(fleet.root / "clusters/prod/ranking")
    code, said = invoke(["render", "--root", str(fleet.root)])
    assert code == 1 and "rendered/prod/clusters/ranking-" in said
    assert "git sparse-checkout add rendered" in said
    git(fleet.root, "sparse-checkout", "add", "rendered")
    assert invoke(["render", "--root", str(fleet.root)])[0] == 0
    assert check(fleet.root)[1] == check(fleet.root, "--staged")[1] == []


def test_a_repository_inside_is_refused(fleet: Fleet) -> None:
    nested = fleet.root / "clusters/prod/other"
    nested.mkdir()
    git(nested, "init", "--quiet")
    shutil.copy(fleet.root / EU, nested)
    code, findings = check(fleet.root)
    assert code == 10 and "clusters/prod/other/: this folder is a git" in findings[0]["message"]


def test_a_file_that_git_ignores_is_an_error_unless_a_tool_left_it(fleet: Fleet) -> None:
    fleet.write(".gitignore", "*-2.yaml\n.DS_Store\n")
    fleet.write("clusters/prod/.DS_Store", "\0")
    shutil.copy(fleet.root / EU, fleet.root / "clusters/prod/scoring/eu-west-2.yaml")
    code, findings = check(fleet.root)
    assert (code, rules(findings)) == (10, ["git.ignored"])
    assert findings[0]["file"] == "clusters/prod/scoring/eu-west-2.yaml"
    assert "git add --force" in findings[0]["fix"]


def test_a_check_writes_nothing_to_the_repository(fleet: Fleet) -> None:
    git(fleet.root, "switch", "--quiet", "--create", "pull")
    fleet.write("clusters/prod/README.md", "of the branch\n")
    commit(fleet.root)
    git(fleet.root, "switch", "--quiet", "main")
    fleet.write("clusters/prod/scoring/README.md", "of main\n")
    commit(fleet.root)
    git(fleet.root, "switch", "--quiet", "pull")
    fleet.write("clusters/prod/ranking/README.md", "of the work tree\n")
    before = files_of(fleet.root / ".git")
    for folder, _, _ in os.walk(fleet.root / ".git"):
        os.chmod(folder, 0o555)
    try:
        for arguments in (["--base", "main"], ["--base", "main", "--staged"], []):
            assert check(fleet.root, *arguments) == (0, [])
    finally:
        for folder, _, _ in os.walk(fleet.root / ".git"):
            os.chmod(folder, 0o755)
    assert files_of(fleet.root / ".git") == before


def test_a_fleet_in_a_folder_is_read_by_the_attributes_above_it(
    template: Path, tmp_path: Path
) -> None:
    top = tmp_path / "large"
    shutil.copytree(template, top / "ml/fleet", ignore=shutil.ignore_patterns(".git"))
    fleet = Fleet(top / "ml/fleet")
    fleet.write("lockstep.yaml", "branch: main\nrepository: https://git.example.com/ml/x.git\n")
    git(top, "init", "--quiet", "--initial-branch=main")
    git(top, "config", "user.name", "ML platform")
    git(top, "config", "user.email", "ml-platform@example.com")
    (top / "program.py").write_text("print()\n")
    commit(top)
    commit_of = git(top, "rev-parse", "HEAD")
    assert check(fleet.root, "--base", commit_of) == (0, [])
    (top / ".gitattributes").write_text("program.py ident\n*.yaml ident\n")
    fleet.write("clusters/prod/scoring/new.yaml", "kind: [\n")
    code, findings = check(fleet.root)
    assert code == 10
    places = {(f["rule"], f["file"], f["line"]) for f in findings}
    assert ("git.attribute", "../../.gitattributes", 2) in places
    assert any(file == "clusters/prod/scoring/new.yaml" for _, file, _ in places)


def test_a_change_of_attributes_alone_is_checked(fleet: Fleet) -> None:
    git(fleet.root, "switch", "--quiet", "--create", "pull")
    fleet.write(".gitattributes", "* text=auto eol=lf\n*.bin filter=lfs\n")
    commit(fleet.root)
    assert check(fleet.root, "--base", "main") == (0, [])
    fleet.write(".gitattributes", "* text=auto\n/clusters/** eol=crlf\n/rendered/** filter=lfs\n")
    commit(fleet.root)
    for cached in (False, True):
        code, findings = check(fleet.root, "--base", "main")
        shown = [(f["rule"], f["severity"], f["line"]) for f in findings]
        assert (code, shown) == (10, [
            ("git.attribute", "warning", 2), ("git.attribute", "error", 3),
        ]), f"cached: {cached}"  # fmt: skip

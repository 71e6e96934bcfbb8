"""Attributes that convert what git stores are findings, at the line that sets them."""

import os
from pathlib import Path

import pytest

from lockstep.check.attributes import attribute_findings
from lockstep.check.workspace import EVERYTHING
from lockstep.edges.files import LARGEST
from lockstep.edges.git import Git
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Severity
from tests.unit.edges.repositories import commit, git, new_repository

ENVIRONMENT = "clusters/prod/environment.yaml"
MANIFEST = "rendered/prod/clusters/a/x.yaml"
FILES = {ENVIRONMENT: b"a: 1\n", MANIFEST: b"b: 1\n", "src/x.bin": b"", "lockstep.yaml": b""}


@pytest.fixture
def made(tmp_path: Path) -> Git:
    return new_repository(tmp_path / "fleet", FILES)


def found(made: Git, attributes: dict[str, str]) -> list[tuple[str, int, str]]:
    """Place and first words of what is found in a tree with these attribute files."""
    changes = {path: text.encode() for path, text in attributes.items()}
    tree = made.write_tree("HEAD", changes)
    findings = attribute_findings(made, tree, EVERYTHING)
    assert {f.rule for f in findings} <= {"git.attribute"}
    return [(f.file, f.line, f.message.partition(":")[0]) for f in findings]


@pytest.mark.parametrize(
    "line",
    [
        "* text=auto eol=lf", "* text", "* -text", "* binary", "* -filter", "* !ident", "* -ident",
        "rendered/** linguist-generated", "*.bin filter=lfs diff=lfs merge=lfs -text", "",
        "# filter=lfs", "* merge=ours export-subst", "src/** working-tree-encoding=UTF-16",
        "* working-tree-encoding=UTF-8", "* eol=lf whitespace=cr-at-eol", "*.yaml text eol=native",
    ],
)  # fmt: skip
def test_attributes_that_convert_nothing_here_are_not_findings(made: Git, line: str) -> None:
    assert found(made, {".gitattributes": f"{line}\n"}) == []


@pytest.mark.parametrize(
    "attribute", ["working-tree-encoding=UTF-16", "filter=lfs", "filter", "ident"]
)
def test_an_attribute_that_converts_is_an_error_at_its_line(made: Git, attribute: str) -> None:
    text = f"* text=auto\n*.bin {attribute}\n\n/clusters/** {attribute}\n"
    place = (".gitattributes", 4, f"{attribute} is set for {ENVIRONMENT}")
    assert found(made, {".gitattributes": text}) == [place]


def test_all_files_of_one_line_are_one_finding(made: Git) -> None:
    head = f"ident is set for {ENVIRONMENT} and 1 more"
    assert found(made, {".gitattributes": "*.yaml ident\nlockstep.yaml -ident\n"}) == [
        (".gitattributes", 1, head)
    ]


def test_line_endings_of_windows_are_a_warning(made: Git) -> None:
    tree = made.write_tree("HEAD", {".gitattributes": b"clusters/** text eol=crlf\n"})
    (finding,) = attribute_findings(made, tree, EVERYTHING)
    assert (finding.file, finding.line, finding.severity) == (".gitattributes", 1, Severity.WARNING)
    assert "line endings of Windows" in finding.message and "core.autocrlf" in finding.fix


def test_a_nested_file_counts_for_its_folder(made: Git) -> None:
    nested = {"clusters/prod/.gitattributes": "environment.yaml filter=x\n"}
    place = ("clusters/prod/.gitattributes", 1, f"filter=x is set for {ENVIRONMENT}")
    assert found(made, nested) == [place]
    assert found(made, nested | {"rendered/.gitattributes": "environment.yaml filter=x"}) == [place]
    unset = {"clusters/.gitattributes": "* filter=x\n", "clusters/prod/.gitattributes": "* -filter"}
    assert found(made, unset) == [
        ("clusters/.gitattributes", 1, "filter=x is set for clusters/.gitattributes")
    ]


def test_a_macro_counts_where_it_is_used(made: Git) -> None:
    text = "[attr]odd working-tree-encoding=UTF-16\n[attr]odder odd\n\nclusters/** odder\n"
    place = (".gitattributes", 4, f"working-tree-encoding=UTF-16 is set for {ENVIRONMENT}")
    assert found(made, {".gitattributes": text}) == [place]


def test_attributes_of_this_clone_count_at_the_file(
    made: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = f"ident is set for {ENVIRONMENT} by an attribute file of this clone or user"
    info = made.root / ".git/info/attributes"
    info.parent.mkdir(exist_ok=True)
    info.write_text("clusters/** ident\n")
    assert found(made, {}) == [(ENVIRONMENT, 1, expected)]
    info.unlink()
    own = tmp_path / "own"
    own.write_text("clusters/** ident\n")
    git(made.root, "config", "core.attributesFile", str(own))
    assert found(made, {}) == [(ENVIRONMENT, 1, expected)]
    git(made.root, "config", "--unset", "core.attributesFile")
    assert found(made, {}) == []
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config/git").mkdir(parents=True)
    os.rename(own, tmp_path / "config/git/attributes")
    assert found(made, {}) == [(ENVIRONMENT, 1, expected)]
    (tmp_path / "config/git/attributes").write_bytes(b"#" * 2_000_000)
    with pytest.raises(LockstepError, match="more than"):
        found(made, {})


def test_a_file_above_the_fleet_counts(tmp_path: Path) -> None:
    files = {f"ml/fleet/{path}": data for path, data in FILES.items()}
    new_repository(tmp_path, files)
    commit(tmp_path, {".gitattributes": b"\n*.yaml ident\n", "ml/.gitattributes": b"x ident\n"})
    made = Git.find(tmp_path / "ml/fleet")
    head = f"ident is set for {ENVIRONMENT} and 2 more"
    assert found(made, {}) == [("../../.gitattributes", 2, head)]


def test_a_huge_attribute_file_counts_too(made: Git) -> None:
    places = found(
        made, {".gitattributes": ("#" * 1000 + "\n") * (LARGEST // 1000) + "*.yaml ident\n"}
    )
    assert [place for place, _, _ in places] == [ENVIRONMENT, "lockstep.yaml", MANIFEST]


def test_an_attribute_file_that_is_a_link_or_a_folder_does_not_count(made: Git) -> None:
    (made.root / "target").write_text("* ident\n")
    (made.root / ".gitattributes").symlink_to("target")
    commit(made.root, {"clusters/.gitattributes/x": b"* ident\n"})
    assert found(made, {}) == []

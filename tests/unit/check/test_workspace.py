"""What a verb reads of a work tree, and what it refuses."""

from pathlib import Path

import pytest

from lockstep.check.workspace import files_at, ignored_findings, require_clusters, work_tree
from lockstep.model.errors import Invalid, NothingToCheck
from lockstep.model.fleet import NoFile
from tests.unit.edges.repositories import git, new_repository

FILES = {
    "clusters/prod/environment.yaml": b"a: 1\n",
    "policies/main.rego": b"package lockstep\n",
    "ledger/prod/fraud/000001.json": b"{}\n",
    "README.md": b"",
}


def test_the_folders_of_lockstep_are_read_and_no_others(tmp_path: Path) -> None:
    made = new_repository(tmp_path, FILES)
    assert set(work_tree(made)) == FILES.keys() - {"README.md"}
    assert list(work_tree(made, ("clusters",))) == ["clusters/prod/environment.yaml"]


@pytest.mark.parametrize("path", ["README.md", "clusters/README.md", "policies/a.yaml"])
def test_a_tree_without_specs_is_nothing_to_check(path: str) -> None:
    with pytest.raises(NothingToCheck, match="there are no clusters"):
        require_clusters({path: b""})


def test_links_are_collected_among_specs_and_refused_among_rules(tmp_path: Path) -> None:
    made = new_repository(tmp_path, FILES)
    (tmp_path / "clusters" / "link.yaml").symlink_to("/etc/passwd")
    with pytest.raises(Invalid, match="symbolic link"):
        work_tree(made)
    assert isinstance(work_tree(made, collect=True)["clusters/link.yaml"], NoFile)
    (tmp_path / "policies" / "link.rego").symlink_to("/etc/passwd")
    with pytest.raises(Invalid, match="symbolic link") as error:
        work_tree(made, collect=True)
    assert error.value.where == "policies/link.rego"


def test_a_submodule_is_refused(tmp_path: Path) -> None:
    made = new_repository(tmp_path, FILES)
    entry = f"160000,{'a' * 40},clusters/module"
    git(tmp_path, "update-index", "--add", "--cacheinfo", entry)
    (tmp_path / "clusters" / "module").mkdir()  # as a clone leaves it
    with pytest.raises(Invalid, match="submodule"):
        work_tree(made)


def test_files_of_a_folder_are_read_as_git_would_store_them_where_it_would(tmp_path: Path) -> None:
    files = {"fleet/policies/a": b"1\n", ".gitignore": b"built\n", ".gitattributes": b"* text\n"}
    new_repository(tmp_path / "in", files)
    for place in ("in/fleet", "in/built", "outside"):
        (tmp_path / place / "policies").mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "policies" / "a").write_bytes(b"1\r\n")
    assert files_at(tmp_path / "in/fleet", ["policies"]) == {"policies/a": b"1\n"}
    for place in ("in/built", "outside"):
        assert files_at(tmp_path / place, ["policies"]) == {"policies/a": b"1\r\n"}
    (tmp_path / "in/fleet/policies/link").symlink_to("a")
    with pytest.raises(Invalid, match="symbolic link"):
        files_at(tmp_path / "in/fleet", ["policies"])


def test_ignored_files_are_findings_unless_tools_have_left_them() -> None:
    left = ["clusters/.DS_Store", "clusters/notes.md", "rendered/.x.swp"]
    assert ignored_findings(left) == []
    read = ["clusters/.hidden.yaml", "policies/a.rego", "rendered/.gitattributes"]
    assert [finding.file for finding in ignored_findings([*left, *read])] == read
    many = ignored_findings([f"rendered/{number}" for number in range(1000)])
    assert len(many) == 20 and "nor 980 more" in many[-1].message
    assert all(finding.stops for finding in many)

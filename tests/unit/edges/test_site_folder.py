"""The folder of a fleet's page: which one may be used, and what of an earlier page is removed."""

from pathlib import Path

import pytest

from lockstep.edges.files import write_changes
from lockstep.edges.site_folder import MARK, mark, require_site_folder, stale_files
from lockstep.model.errors import LockstepError, UsageError

OWN = "families/prod/fraud.html"
LEFT = "families/prod/left.html"


def write_page(folder: Path, *more: str) -> None:
    """A page as an earlier run wrote it, with ``more`` lines in the list of its files."""
    files = dict.fromkeys(("index.html", OWN, LEFT), b"a page")
    write_changes(folder, {**files, MARK: mark([*files, *more])})


def test_a_folder_that_is_missing_empty_or_of_an_earlier_page_may_be_used(tmp_path: Path) -> None:
    require_site_folder(tmp_path / "missing" / "site", tmp_path)
    (tmp_path / "empty").mkdir()
    require_site_folder(tmp_path / "empty", tmp_path)
    write_page(tmp_path / "site")
    require_site_folder(tmp_path / "site", tmp_path)


@pytest.mark.parametrize("name", [".", "clusters", "rendered/x", "x/../ledger", ".git", "link"])
def test_no_page_is_written_among_the_files_of_a_fleet(tmp_path: Path, name: str) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "link").symlink_to("policies")
    with pytest.raises(UsageError, match="no part of the fleet's files"):
        require_site_folder(tmp_path / name, tmp_path)


def test_a_folder_of_others_and_what_is_no_folder_are_refused(tmp_path: Path) -> None:
    write_changes(tmp_path, {"site/notes.txt": b"mine", "file": b"mine"})
    with pytest.raises(UsageError, match="has files that lockstep site did not write"):
        require_site_folder(tmp_path / "site", tmp_path)
    with pytest.raises(UsageError, match="cannot be written to"):
        require_site_folder(tmp_path / "file", tmp_path)


def test_pages_that_a_later_run_does_not_write_are_stale(tmp_path: Path) -> None:
    assert stale_files(tmp_path / "missing", ()) == ()
    write_page(tmp_path)
    assert stale_files(tmp_path, {"index.html", OWN}) == (LEFT,)
    (tmp_path / LEFT).unlink()
    assert stale_files(tmp_path, {"index.html", OWN}) == ()


@pytest.mark.parametrize(
    "path",
    ["../victim.html", "families/../../victim.html", "notes.html", "", "families/prod", "\0"],
)
def test_what_can_be_no_page_of_a_family_is_never_stale(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "site"
    write_page(folder, path)
    write_changes(tmp_path, {"victim.html": b"mine", "site/notes.html": b"mine"})
    assert stale_files(folder, {"index.html", OWN, LEFT}) == ()


def test_a_list_that_lockstep_did_not_write_is_an_error(tmp_path: Path) -> None:
    for content in (b"", b"\xff\n", b"another program wrote this\n"):
        write_changes(tmp_path, {MARK: content})
        with pytest.raises(LockstepError, match="not as lockstep site wrote it"):
            stale_files(tmp_path, ())

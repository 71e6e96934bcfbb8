"""The digest of a model on disk."""

import os
from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError, VerificationFailed
from lockstep.registry.content import content_digest, digest_folder


def test_the_order_of_the_files_does_not_matter_and_all_else_does(tmp_path: Path) -> None:
    one, two = ("a", "0" * 64), ("b", "1" * 64)
    assert content_digest([one, two]) == content_digest([two, one])
    assert len({content_digest(files) for files in ([one], [two], [one, two], [])}) == 4
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_text("x")
    before = digest_folder(tmp_path)
    (tmp_path / "empty").mkdir()  # MLflow has no empty folders
    assert digest_folder(tmp_path) == before
    (tmp_path / "a" / "b").rename(tmp_path / "a" / "c")
    assert digest_folder(tmp_path) != before


def test_only_files_and_folders_are_a_model(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "m")
    with pytest.raises(VerificationFailed, match="it is not a folder"):
        digest_folder(tmp_path / "link")
    (tmp_path / "m" / "link").symlink_to("/etc/passwd")
    with pytest.raises(VerificationFailed, match="'link' in it is not a file"):
        digest_folder(tmp_path / "m")
    (tmp_path / "m" / "link").unlink()
    os.mkfifo(tmp_path / "m" / "pipe")
    with pytest.raises(VerificationFailed, match="'pipe' in it is not a file"):
        digest_folder(tmp_path / "m")
    with pytest.raises(LockstepError, match="cannot read it"):
        digest_folder(tmp_path / "nothing")

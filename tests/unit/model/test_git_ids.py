"""Ids of contents are those that git itself gives."""

import subprocess
from pathlib import Path

import pytest

from lockstep.model.git_ids import algorithm_of, git_blob_id, git_tree_id


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_tree_ids_are_those_of_git(tmp_path: Path, algorithm: str) -> None:
    files = {"b.yaml": b"b\n", "B": b"", "a.yaml": "é\n".encode(), "a-b": b"x"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for command in (["init", "-q", f"--object-format={algorithm}"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    done = subprocess.run(["git", "write-tree"], cwd=tmp_path, check=True, capture_output=True)
    assert git_tree_id(files, algorithm=algorithm) == done.stdout.decode().strip()
    assert algorithm_of(git_blob_id(b"", algorithm=algorithm)) == algorithm
    listed = subprocess.run(
        ["git", "hash-object", "b.yaml"], cwd=tmp_path, check=True, capture_output=True
    )
    assert git_blob_id(b"b\n", algorithm=algorithm) == listed.stdout.decode().strip()

"""Trees as one git for all questions lists them, and as one git for each does."""

import os
from pathlib import Path

import pytest

from lockstep.edges import process
from lockstep.edges.git import Git
from lockstep.edges.process import Coprocess
from lockstep.model.errors import LockstepError
from tests.unit.edges.git.test_object_reader import FILES
from tests.unit.edges.repositories import commit, git, new_repository

PATHS = [
    ["clusters"], ["clusters/"], ["clusters/prod", "policies"], ["lockstep.yaml", "nothing"], [],
    ["clusters/prod/f/b.yaml", "clusters/prod/a.yaml/"], ["nothing/at/all", "clusters/ä b.yaml"],
    ["clusters/prod/", "policies/"], ["link", "link/x", "*", ":(top)clusters"],
]  # fmt: skip


@pytest.mark.parametrize("paths", PATHS, ids=repr)
@pytest.mark.parametrize("prefix", ["", "deep/er/"])
def test_trees_are_read_as_by_one_git_for_each_question(
    tmp_path: Path, paths: list[str], prefix: str
) -> None:
    made = new_repository(tmp_path, {f"{prefix}{path}": data for path, data in FILES.items()})
    (made.root / prefix / "link").symlink_to("clusters")
    commit(made.root, {})
    here = Git(made.root / prefix, prefix)
    head = git(made.root, "rev-parse", "HEAD")
    with here.storing() as storing:
        assert storing.entry_ids(head, paths) == here.entry_ids(head, paths)
        if paths:
            one, other = (
                storing.read_tree(head, paths, links=True),
                here.read_tree(head, paths, links=True),
            )
            assert dict(one) == dict(other)
            assert storing.read_tree_with_ids(head, ["clusters"]) == here.read_tree_with_ids(
                head, ["clusters"]
            )


def test_a_commit_without_the_folder_of_the_fleet_has_no_file(tmp_path: Path) -> None:
    made = new_repository(tmp_path, FILES)
    here = Git(made.root, "fleet/")
    with here.storing() as storing:
        assert storing.entry_ids("HEAD", ["clusters"]) == {}
        assert storing.read_tree("HEAD", ["clusters"]) == {}


def test_an_unknown_tree_is_an_error_that_git_explains(tmp_path: Path) -> None:
    made = new_repository(tmp_path, FILES)
    with made.storing() as storing, pytest.raises(LockstepError, match="git ls-tree failed"):
        storing.read_tree("f" * 40, ["clusters"])
    with made.storing() as storing, pytest.raises(LockstepError, match="does not have the object"):
        storing.blobs(["f" * 40])


def test_one_git_answers_all_questions_and_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = new_repository(tmp_path, FILES)
    started = []

    class Noted(Coprocess):
        def __init__(self, *args: object, **given: object) -> None:
            super().__init__(*args, **given)  # type: ignore[arg-type]
            started.append(self._child.pid)

    monkeypatch.setattr(process, "Coprocess", Noted)
    with made.storing() as storing:
        tree = storing.work_tree_id(["clusters"])
        # From here on, no other program is started.
        monkeypatch.setattr(process, "run", None)
        assert storing.resolve("HEAD") == git(made.root, "rev-parse", "HEAD")
        assert storing.read_tree(tree, ["clusters", "policies"])
        assert storing.entry_ids("HEAD", ["clusters/"])
        assert storing.resolve("nothing") is None
        assert len(started) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)

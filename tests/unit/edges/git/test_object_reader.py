"""One git that answers questions about objects, and what is asked in another way."""

from pathlib import Path

import pytest

from lockstep.edges.git import Git
from lockstep.edges.git.object_reader import ObjectReader, Unanswered
from lockstep.edges.process import Coprocess
from lockstep.model.errors import LockstepError
from tests.unit.edges.repositories import commit, git, new_repository

FILES = {
    "clusters/prod/a.yaml": b"a: 1\n", "clusters/prod/f/b.yaml": b"", "clusters/ä b.yaml": b"\0\n",
    "policies/x.rego": b"x\n" * 70_000, "lockstep.yaml": b"branch: main\n",
}  # fmt: skip


def reader(made: Git) -> ObjectReader:
    argv = ["git", "cat-file", "--batch-command", "--buffer"]
    return ObjectReader(lambda: Coprocess(argv, cwd=made.root))


def test_objects_are_found_by_any_name_in_order(tmp_path: Path) -> None:
    made = new_repository(tmp_path, FILES)
    asked = reader(made)
    names = ["HEAD^{commit}", "HEAD:nothing", "HEAD:clusters", "HEAD:policies/x.rego", "no", "HEAD"]
    head, gone, folder, file, no, again = asked.ask("info", names)
    assert head == again and head and head.oid == git(made.root, "rev-parse", "HEAD")
    assert gone is None and no is None
    assert folder and folder.kind == "tree" and file and (file.kind, file.data) == ("blob", b"")
    (read,) = asked.ask("contents", ["HEAD:policies/x.rego"])
    assert read and read.data == FILES["policies/x.rego"] and read.size == len(read.data)
    asked.close()
    asked.close()


def test_more_questions_than_a_pipe_holds_are_answered(tmp_path: Path) -> None:
    asked = reader(new_repository(tmp_path, FILES))
    found = asked.ask("contents", ["HEAD:policies/x.rego"] * 1000)
    assert {each.size for each in found if each} == {140_000} and len(found) == 1000
    assert asked.ask("contents", ["HEAD:" + "x" * 3000] * 300) == [None] * 300
    asked.close()


def test_what_is_committed_later_is_found(tmp_path: Path) -> None:
    made = new_repository(tmp_path, FILES)
    asked = reader(made)
    assert asked.ask("info", ["HEAD:new"]) == [None]
    commit(made.root, {"new": b"new\n"})
    (found,) = asked.ask("contents", ["HEAD:new"])
    assert found and found.data == b"new\n"
    asked.close()


@pytest.mark.parametrize("name", ["", "HEAD:a\nb"])
def test_a_name_that_is_no_line_is_not_asked(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unanswered):
        reader(new_repository(tmp_path)).ask("info", [name])


@pytest.mark.parametrize("argv", [["true"], ["echo", "hello"], ["echo", "1 2 3 4"]])
def test_a_program_that_ends_or_says_something_else_is_no_answer(argv: list[str]) -> None:
    asked = ObjectReader(lambda: Coprocess(argv))
    for _ in range(2):
        with pytest.raises(Unanswered):
            asked.ask("info", ["HEAD"])
    asked.close()


def test_nothing_is_asked_after_an_answer_that_was_cut_off(tmp_path: Path) -> None:
    script = 'read q; read f; echo "abc blob 1"; printf "x\n"; echo odd; echo "abc blob 2"; cat'
    asked = ObjectReader(lambda: Coprocess(["sh", "-c", script]))
    with pytest.raises(Unanswered):
        asked.ask("contents", ["one", "two"])
    with pytest.raises(Unanswered):
        asked.ask("contents", ["three"])


def test_a_program_that_cannot_be_started_is_an_error() -> None:
    with pytest.raises(LockstepError, match="cannot start"):
        ObjectReader(lambda: Coprocess(["no-such-program"])).ask("info", ["HEAD"])

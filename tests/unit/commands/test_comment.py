"""lockstep comment before it talks to a forge: what it reads, and what it refuses."""

import json
from pathlib import Path

import msgspec
import pytest

from lockstep.cli import invoke
from lockstep.commands.comment import read_review
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.outcome import Outcome
from lockstep.model.review import LARGEST
from lockstep.report.json_report import format_outcome
from tests.unit.edges.repositories import new_repository
from tests.unit.report.reviews import HEAD, REVIEW

GOOD = msgspec.json.encode(REVIEW.to_json())


def stored(folder: Path, data: bytes) -> Path:
    path = folder / "review.json"
    path.write_bytes(data)
    return path


def test_a_review_is_read_and_nothing_is_none(tmp_path: Path) -> None:
    assert read_review(stored(tmp_path, GOOD)) == REVIEW
    assert read_review(tmp_path / "missing.json") is None
    for nothing in (b"", b"\n  \n"):
        assert read_review(stored(tmp_path, nothing)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"{", b"[]", b"nonsense", b"\xff\xfe", GOOD[:-1], GOOD + b"{}", b"[" * 100_000,
        b'{"version": 1, "version": 1}', b'{"version": NaN}', b'{"base": "\\ud800"}',
        GOOD.replace(b'"weight":10', b'"weight":1e999'), GOOD.replace(b'"line":9', b'"line":9.0'),
    ],
)  # fmt: skip
def test_a_file_that_is_no_review_is_refused_in_one_line(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="this is not a review: ") as raised:
        read_review(stored(tmp_path, data))
    assert raised.value.message.isprintable() and len(raised.value.message) < 400


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(LockstepError, match="more than 1000000 bytes"):
        read_review(stored(tmp_path, b" " * (LARGEST + 1)))
    with pytest.raises(LockstepError, match="cannot read it"):
        read_review(tmp_path)


@pytest.mark.parametrize("head", ["main", "abc", "A" * 40, "0" * 41, "0" * 39 + "\n", ""])
def test_a_head_that_is_no_commit_id_is_usage(head: str, tmp_path: Path) -> None:
    new_repository(tmp_path, {"lockstep.yaml": b"branch: main\n"})
    path = stored(tmp_path, GOOD)
    code, said = invoke(["comment", "--review", str(path), "--head", head, "--root", str(tmp_path)])
    assert code == 2 and "is not a commit id" in said


def test_without_a_forge_printing_has_no_links_and_posting_says_why(tmp_path: Path) -> None:
    new_repository(tmp_path, {"clusters/prod/environment.yaml": b""})
    where = ["--review", str(stored(tmp_path, GOOD)), "--head", HEAD, "--root", str(tmp_path)]
    code, said = invoke(["comment", *where, "--print"])
    assert code == 0 and said.startswith("<!-- lockstep: review -->\n### Lockstep blocks")
    assert "](<" not in said and HEAD[:12] in said
    code, said = invoke(["comment", *where])
    assert code == 1 and "there is no forge to comment at" in said and "fix: " in said


def test_a_report_that_is_no_report_is_refused_and_the_review_says_so(tmp_path: Path) -> None:
    new_repository(tmp_path, {"clusters/prod/environment.yaml": b""})
    checked, written = stored(tmp_path, b"{}"), tmp_path / "out.json"
    code, said = invoke(["review", "--checked", str(checked), "--root", str(tmp_path),
                         "--report", f"json={written}"])  # fmt: skip
    assert code == 10 and "this is not the report of a check" in said
    # Not the one of an earlier run: the comment says that nothing was checked.
    (finding,) = json.loads(written.read_text())["findings"]
    assert finding["rule"] == "run.invalid"


def test_a_base_that_does_not_exist_is_usage_and_not_a_review_without_families(
    tmp_path: Path,
) -> None:
    new_repository(tmp_path, {"clusters/prod/environment.yaml": b"", "lockstep.yaml": b"a: b\n"})
    checked = stored(tmp_path, format_outcome(Outcome(())).encode())
    code, said = invoke(["review", "--checked", str(checked), "--root", str(tmp_path),
                         "--base", "nowhere"])  # fmt: skip
    assert code == 2 and "'nowhere' is not a commit here" in said

"""The audit, as an auditor meets it: on ledgers of earlier versions, and on real git."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as evolve

from lockstep.cli import invoke
from lockstep.model.record import read_record, record_of
from tests.acceptance.frozen_ledgers import FROZEN
from tests.acceptance.test_approvals import LEAD
from tests.acceptance.world import END, FAMILY, World, git
from tests.unit.edges.repositories import commit, new_repository

FOLDER = f"ledger/{FAMILY}"
DAY = "2026-03-01T"
SPEC = b"""\
apiVersion: lockstep.dev/v1alpha1
kind: ModelCluster
metadata: {name: scoring-eu-west-1}
spec: {region: eu-west-1}
"""


def frozen(story: str) -> dict[str, bytes]:
    """The files of a ledger that an earlier version wrote."""
    return {f"{FOLDER}/{f.name}": f.read_bytes() for f in sorted((FROZEN / story).glob("*.json"))}


def other_family(story: str, name: str) -> dict[str, bytes]:
    """The same decisions as those of another family: a chain of its own."""
    files: dict[str, bytes] = {}
    previous = None
    for data in frozen(story).values():
        decision = evolve(read_record(data).decision, family=name, previous=previous)
        record = record_of(decision)
        files[decision.path], previous = record.data, record.digest
    return files


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of nine records, one commit each, and nothing else but one cluster's spec."""
    return repository(tmp_path_factory.mktemp("whole"), frozen("whole"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two families: nine records and three."""
    return repository(tmp_path_factory.mktemp("two"), frozen("whole") | other_family("arm", "ab"))


def repository(folder: Path, files: dict[str, bytes]) -> Path:
    new_repository(folder, {"README.md": b"A ledger.\n"})
    for path, data in files.items():
        commit(folder, {path: data})
    return folder


def run(root: Path, *options: str, now: str | None = END) -> tuple[int, str]:
    given = ["--now", now] if now else []
    return invoke(["audit", *options, "--root", str(root), "--work-tree", *given])


def must(root: Path, *options: str, now: str | None = END) -> str:
    code, said = run(root, *options, now=now)
    assert code == 0, said
    return said


def data(root: Path, *options: str) -> Any:
    return json.loads(must(root, *options, "--format", "json"))


def numbers(root: Path, *options: str) -> list[int]:
    return [each["sequence"] for each in data(root, *options)["items"]]


def test_the_newest_decision_comes_first(whole: Path) -> None:
    assert numbers(whole) == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    said = must(whole)
    assert said.index("prod/scoring 9  verify version 2") < said.index("prod/scoring 1  adopt")
    assert said.rstrip().endswith("9 decisions, the newest first; times are in UTC")
    assert max(map(len, said.splitlines())) <= 80


def test_families_are_one_history(two: Path) -> None:
    found = [(e["family"], e["sequence"]) for e in data(two)["items"]]
    assert found[:3] == [("prod/scoring", 9), ("prod/scoring", 8), ("prod/scoring", 7)]
    assert found[3:6] == [("prod/ab", 3), ("prod/scoring", 6), ("prod/scoring", 5)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--last", "2"], [9, 8]),
        (["--last", "99"], [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (["--since", f"{DAY}12:00:00Z"], [9, 8, 7]),
        (["--since", f"{DAY}13:00:00+01:00"], [9, 8, 7]),
        (["--since", "2026-03-01"], [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (["--since", "11h"], [9, 8]),
        (["--since", f"{DAY}08:20:00Z", "--until", f"{DAY}11:00:00+01:00"], [6, 5, 4]),
        (["--until", f"{DAY}08:00:00Z"], [3, 2, 1]),
        (["--version", "1"], [1]),
        (["--version", "2", "--since", f"{DAY}12:00:00Z", "--last", "1"], [9]),
        (["--version", "7"], []),
    ],
)
def test_decisions_are_selected(whole: Path, options: list[str], expected: list[int]) -> None:
    assert numbers(whole, *options) == expected


def test_a_selection_without_a_decision_says_what_there_is(whole: Path) -> None:
    said = " ".join(must(whole, "--version", "7", "--since", "30m").split())
    assert "no decision about version 7, since 2026-03-01T23:00:00Z" in said
    assert "the records are about 1, 2" in said


@pytest.mark.parametrize(
    ("time", "us", "eu", "records"),
    [
        (f"{DAY}08:00:00Z", "1 90% + 2 10%", "1 100%", [3, 1]),
        (f"{DAY}10:59:59+01:00", "1 90% + 2 10%", "1 100%", [5, 3, 1]),
        (f"{DAY}11:00:00+01:00", "2 100%", "1 100%", [6, 1]),
        (f"{DAY}12:30:00Z", "2 100%", "1 90% + 2 10%", [7, 6]),
        ("30m", "2 100%", "2 100%", [9, 8, 6]),
    ],
)
def test_what_served_at_a_time_and_which_decisions_led_to_it(
    whole: Path, time: str, us: str, eu: str, records: list[int]
) -> None:
    found = data(whole, "--at", time)
    assert found["summary"]["about"] == "served" and found["summary"]["at"].endswith("Z")
    (family,) = found["items"]
    shown = {
        each["cluster"]: " + ".join(
            f"{v['version']} {v['weight']}%" for v in each["variants"] if v["weight"]
        )
        for each in family["clusters"]
    }
    assert shown == {"scoring-us-east-1": us, "scoring-eu-west-1": eu}
    assert [each["sequence"] for each in family["decisions"]] == records
    text = must(whole, "--at", time)
    assert f"{us} " in text and f"{eu} " in text and "times are in UTC" in text
    assert max(map(len, text.splitlines())) <= 80


def test_who_approved_what_served_is_shown(whole: Path) -> None:
    said = must(whole, "--at", f"{DAY}10:30:00Z")
    assert f"approved by: {LEAD} (release-managers)" in said
    approved = [e["sequence"] for e in data(whole)["items"] if e["approvals"]]
    assert approved == [9, 8, 7, 6]


def test_before_the_first_record_it_is_not_known(whole: Path) -> None:
    said = must(whole, "--at", f"{DAY}07:59:59Z")
    assert "not known: its first record is of 2026-03-01T08:00:00Z" in said
    (family,) = data(whole, "--at", "2026-03-01")["items"]
    assert (family["known"], family["clusters"], family["decisions"]) == (False, [], [])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--at", f"{DAY}09:00:00Z", "--last", "2"], "--last"),
        (["--at", f"{DAY}09:00:00Z", "--since", "2d"], "--since"),
        (["--at", f"{DAY}09:00:00Z", "--version", "2"], "--version"),
        (["--at", f"{DAY}09:00:00Z", "--verify"], "--verify"),
        (["--at", f"{DAY}09:00:00Z", "--until", "2d"], "--until"),
        (["--since", "1h", "--until", "2h"], "before --since"),
        (["--verify", "--last", "2"], "--last"),
        (["--replay", "--version", "2"], "--version"),
        (["--at", "2026-03-01T09:00:00"], "has no time zone"),
        (["--at", "2026-02-30"], "there is no such day"),
        (["--at", "2026-03-02"], "in the future"),
        (["--since", "2026-03-01T23:30:00-01:00"], "in the future"),
        (["--since", "last week"], "it is in no form that is known"),
        (["--last", "0"], "0"),
    ],
)
def test_what_contradicts_itself_or_is_no_time_is_a_usage_error(
    whole: Path, options: list[str], why: str
) -> None:
    code, said = run(whole, *options)
    assert code == 2 and why in said, said
    assert "Traceback" not in said


def test_a_time_given_by_hand_is_shown_and_the_clock_is_not(whole: Path) -> None:
    for options in ([], ["--verify"], ["--at", f"{DAY}09:00:00Z"]):
        assert f"At {END}, which was given by --now" in must(whole, *options)
        assert "given by --now\n" not in must(whole, *options, now=None).partition("prod/")[0]
        assert data(whole, *options)["summary"]["now"] == END


def test_a_family_that_is_all_right_takes_one_line(two: Path) -> None:
    said = must(two, "--verify", "--replay").splitlines()
    assert said[2:] == [
        "prod/ab: 3 records, all right (chain, schema, times, git, specs, replay)",
        "prod/scoring: 9 records, all right (chain, schema, times, git, specs, replay)",
        "verified: the chain of 12 records is complete",
        "replayed: 12 records give the same verdicts again",
    ]
    found = data(two, "--replay")
    assert found["summary"]["verified"] is False and found["summary"]["replayed"] is True
    assert found["items"] == [
        {"family": "prod/ab", "records": 3, "problems": {}},
        {"family": "prod/scoring", "records": 9, "problems": {}},
    ]


def test_only_what_is_wrong_is_shown_beside_the_line_of_each_family(tmp_path: Path) -> None:
    root = repository(tmp_path, frozen("whole") | other_family("arm", "ab"))
    path = f"{FOLDER}/000005.json"
    edited = (root / path).read_bytes().replace(b"it is answered", b"it is not so")
    commit(root, {path: edited})
    code, said = run(root, "--verify")
    assert code == 13
    assert "prod/ab: 3 records, all right" in said
    assert "prod/scoring: 9 records, 2 problems (git 1, chain 1)" in said
    assert "verified:" not in said and "who:" not in said
    # What its neighbours say of the rest is not doubted, what it said itself is.
    code, said = run(root, "--at", f"{DAY}08:40:00Z", "prod/scoring")
    assert code == 13 and "DOUBTFUL: record 5 cannot be relied on" in said
    assert run(root, "--at", f"{DAY}11:00:00Z", "prod/scoring")[0] == 0
    code, said = run(root, "--last", "5", "prod/scoring")
    assert code == 0 and "NOT RELIED ON: a commit has changed or removed it" in said


def test_where_git_cannot_show_the_history_no_family_is_called_right(two: Path) -> None:
    git(two.parent, "clone", "--quiet", "--depth=1", f"file://{two}", "shallow")
    code, said = run(two.parent / "shallow", "--verify")
    assert code == 13 and "all right" not in said
    assert said.count("1 problem (git 1)") == 2 and said.count("ledger.shallow") == 1


def test_a_removed_record_makes_doubtful_what_served_after_the_one_before_it(
    tmp_path: Path,
) -> None:
    root = repository(tmp_path, frozen("whole"))
    commit(root, {f"{FOLDER}/000006.json": None})
    code, said = run(root, "--at", f"{DAY}11:00:00Z", "--format", "json")
    (family,) = json.loads(said)["items"]
    assert code == 13
    assert [(d["sequence"], d["settled"]) for d in family["doubts"]] == [(6, False)]


def test_a_history_without_a_removed_record_does_not_seem_whole(tmp_path: Path) -> None:
    root = repository(tmp_path, frozen("whole"))
    commit(root, {f"{FOLDER}/000006.json": None})
    for more in ((), ("--last", "1"), ("--version", "2")):
        code, said = run(root, *more)
        assert code == 13 and said.count("record 6 is missing here: a commit has changed") == 1
    code, said = run(root, "--quiet")
    assert code == 13 and said.startswith(f"{FOLDER}/000006.json:1:1: error ledger.rewritten")


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("content", [None, b"{"])
def test_a_replay_blames_no_record_for_the_one_before_it(
    tmp_path: Path, number: int, content: bytes | None
) -> None:
    root = repository(tmp_path, frozen("whole"))
    commit(root, {f"{FOLDER}/{number:06d}.json": content})
    code, said = run(root, "--replay", "--format", "json")
    found = {(each["rule"], each["file"]) for each in json.loads(said)["findings"]}
    assert code == 13
    after = ("replay.gap", f"{FOLDER}/{number + 1:06d}.json")
    assert {each for each in found if each[0].startswith("replay")} == {after}
    state = "is missing" if content is None else "cannot be read"
    assert f"because record {number} {state}" in said


def test_a_forged_record_after_a_missing_one_is_found_by_its_own_evidence(tmp_path: Path) -> None:
    root = repository(tmp_path, frozen("whole"))
    path = root / FOLDER / "000006.json"
    forged = path.read_text().replace('"verdict": "pass"', '"verdict": "fail"')
    commit(root, {f"{FOLDER}/000004.json": None, f"{FOLDER}/000006.json": forged.encode()})
    code, said = run(root, "--replay")
    assert code == 13 and "replay.verdict" in said and "replay.gap" in said


def test_regions_of_clusters_that_are_gone_are_those_of_the_commit_of_the_decision(
    world: World,
) -> None:
    world.must("audit", "--at", f"{DAY}08:30:00Z")
    region = "eu-west-1"
    world.git("rm", "--quiet", f"clusters/{FAMILY}/{region}.yaml")
    world.git("commit", "--quiet", "-m", "leave a region")
    said = world.must("audit", "--at", f"{DAY}08:30:00Z")
    assert f"    {region}  1 100%  since {DAY}08:00:00Z, record 1" in said


def test_the_audit_of_a_clone_shows_the_followed_branch(world: World) -> None:
    clone = world.another_clone()
    code, said = invoke(["audit", "--root", str(clone), "--at", "1m", "--now", END])
    assert code == 0 and said.startswith("Of branch main of origin")
    assert "us-east-1  1 100%" in said
    git(clone, "checkout", "--quiet", "-b", "elsewhere")
    assert invoke(["audit", "--root", str(clone), "--at", "1m", "--now", END]) == (code, said)


@pytest.mark.parametrize("more", [(), ("--verify",), ("--replay",), ("--at", END)])
def test_an_audit_without_a_fetch_reads_what_was_last_fetched(
    world: World, more: tuple[str, ...]
) -> None:
    clone = world.another_clone()
    world.merge_proposal()
    second = re.compile("2 records|record 2|prod/scoring 2 ")
    known = git(clone, "rev-parse", "origin/main")
    code, said = invoke(["audit", *more, "--no-fetch", "--root", str(clone), "--now", END])
    assert code == 0, said
    assert said.startswith(f"Of commit {known[:12]} of origin/main, as last fetched")
    assert not second.search(said)
    code, said = invoke(["audit", *more, "--root", str(clone), "--now", END])
    assert code == 0 and "as last fetched" not in said
    assert second.search(said)

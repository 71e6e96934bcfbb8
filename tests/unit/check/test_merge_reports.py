"""lockstep merge-reports: the reports of shards are one again, or nothing is said."""

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from lockstep.check.merge_reports import merge_reports
from lockstep.model.errors import LockstepError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Severity
from lockstep.model.outcome import Outcome, failed_run
from lockstep.report.json_report import format_outcome
from tests.unit.report.outcomes import ODD, ORDINARY, WAIVED, WRONG


def store(folder: Path, name: str, outcome: Outcome) -> Path:
    path = folder / f"{name}.json"
    path.write_text(format_outcome(outcome))
    return path


def shard(folder: Path, which: str, outcome: Outcome) -> Path:
    summary = {**outcome.summary, "shard": which}
    return store(folder, which.replace("/", "-of-"), replace(outcome, summary=summary))


def part(finding: object, clusters: int) -> Outcome:
    findings = tuple(each for each in ORDINARY.findings if each == finding)
    return replace(ORDINARY, findings=findings, summary={"clusters": clusters, "families": 1})


def test_shards_give_the_report_of_one_run_in_any_order(tmp_path: Path) -> None:
    whole = replace(ORDINARY, summary={"clusters": 6, "families": 3})
    paths = [
        shard(tmp_path, f"{number}/3", part(finding, number))
        for number, finding in enumerate((WRONG, ODD, WAIVED), 1)
    ]
    for order in permutations(paths):
        merged = merge_reports(order)
        assert format_outcome(merged) == format_outcome(whole)
        assert merged.exit_code is ExitCode.DENIED


def test_whole_reports_of_several_repositories_are_merged_too(tmp_path: Path) -> None:
    first = store(tmp_path, "a", part(WRONG, 2))
    second = store(tmp_path, "b", Outcome((), {"clusters": 5}))
    assert merge_reports([first, second]).summary == {"clusters": 7, "families": 1}


def test_reports_that_contradict_each_other_are_merged_alike_in_any_order(tmp_path: Path) -> None:
    texts = [replace(ORDINARY, excerpts={(WRONG.file, WRONG.line): text}) for text in "abc"]
    paths = [store(tmp_path, str(number), each) for number, each in enumerate(texts)]
    assert len({format_outcome(merge_reports(order)) for order in permutations(paths)}) == 1


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([], ExitCode.CLEAN),
        (["policy.x"], ExitCode.DENIED),
        (["policy.x", "schema.type"], ExitCode.INVALID),
        (["policy.x", "policy.error", "schema.type"], ExitCode.COULD_NOT_RUN),
    ],
)
def test_the_exit_code_is_that_of_one_run(tmp_path: Path, rules: list[str], code: ExitCode) -> None:
    found = [replace(WRONG, rule=rule) for rule in rules]
    found.append(replace(WRONG, severity=Severity.WARNING))
    paths = [store(tmp_path, str(n), Outcome((each,))) for n, each in enumerate(found)]
    assert merge_reports(paths).exit_code is code


@pytest.mark.parametrize(
    ("shards", "words"),
    [
        (["1/3", "3/3"], r"shards are missing \(2/3\)"),
        (["2/2"], r"shards are missing \(1/2\)"),
        (["1/2", "2/3"], "this is shard 2/3, and others are shards of 2"),
        (["1/2", "1/2"], "shard 1/2 is also in"),
        (["1/2", ""], "this report is not of a shard, and others are"),
        (["", "1/1"], "this report is not of a shard, and others are"),
        (["3/2"], "not a shard"),
    ],
)
def test_a_set_that_is_not_whole_is_refused(tmp_path: Path, shards: list[str], words: str) -> None:
    paths = []
    for number, which in enumerate(shards):
        folder = tmp_path / str(number)
        folder.mkdir()
        clean = Outcome((), {"clusters": 1})
        paths.append(shard(folder, which, clean) if which else store(folder, "whole", clean))
    with pytest.raises(LockstepError, match=words) as error:
        merge_reports(paths)
    assert error.value.exit_code is ExitCode.COULD_NOT_RUN


def test_shards_of_different_files_are_no_whole(tmp_path: Path) -> None:
    one, two = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
    first = shard(tmp_path, "1/2", Outcome((), {"content": one}))
    second = shard(tmp_path, "2/2", Outcome((), {"content": one, "clusters": 1}))
    assert merge_reports([first, second]).summary == {"clusters": 1}
    for other in (Outcome((), {"content": two}), Outcome(())):
        with pytest.raises(LockstepError, match="different files") as error:
            merge_reports([first, shard(tmp_path, "2/2", other)])
        assert error.value.where == str(second)


PART = {"clusters": 1, "families": 1, "of": 1000, "base": "origin/main"}


def test_shards_of_a_change_are_a_part_of_one_fleet(tmp_path: Path) -> None:
    parts = [shard(tmp_path, f"{number}/3", Outcome((), PART)) for number in (1, 2, 3)]
    whole = {"clusters": 3, "families": 3, "of": 1000, "base": "origin/main"}
    for order in permutations(parts):
        assert format_outcome(merge_reports(order)) == format_outcome(Outcome((), whole))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({**PART, "of": 2000}, r"a part of 2,000 clusters, compared with 'origin/main', and .* of "
                               r"a part of 1,000 clusters, compared with 'origin/main'"),
        ({**PART, "base": "x\n"}, r"1,000 clusters, compared with 'x\\n', and .*'origin/main'"),
        ({"clusters": 1, "of": 1000}, "compared with an unknown base, and "),
        ({"clusters": 1000}, "this report is of all clusters, and .* of a part of 1,000 clusters"),
    ],
)  # fmt: skip
def test_shards_of_different_scope_are_no_whole(
    tmp_path: Path, other: dict[str, object], words: str
) -> None:
    first = shard(tmp_path, "1/2", Outcome((), PART))
    second = shard(tmp_path, "2/2", Outcome((), other))
    with pytest.raises(LockstepError, match=words) as error:
        merge_reports([first, second])
    assert error.value.where == str(second) and "--all" in error.value.fix


def test_where_a_shard_failed_the_others_are_not_as_on_the_base(tmp_path: Path) -> None:
    failed = failed_run(LockstepError("no OPA"), {})
    paths = [shard(tmp_path, "1/2", Outcome((), PART)), shard(tmp_path, "2/2", failed)]
    for order in permutations(paths):
        merged = merge_reports(order)
        assert merged.summary == {"clusters": 1, "families": 1, "of": 1000}
        assert merged.exit_code is ExitCode.COULD_NOT_RUN
        # And again, as a report of its own.
        again = store(tmp_path, "merged", merged)
        assert merge_reports([again]).summary == merged.summary


def test_several_fleets_of_which_one_is_checked_in_part_are_a_part(tmp_path: Path) -> None:
    part = store(tmp_path, "part", Outcome((), PART))
    whole = store(tmp_path, "whole", Outcome((), {"clusters": 500, "families": 9}))
    assert merge_reports([part, whole]).summary == {
        "clusters": 501, "families": 10, "of": 1500, "base": "origin/main",
    }  # fmt: skip
    assert merge_reports([part]).summary == PART
    other = store(tmp_path, "other", Outcome((), {**PART, "of": 7}))
    assert merge_reports([part, other]).summary == {
        "clusters": 2, "families": 2, "of": 1007, "base": "origin/main",
    }  # fmt: skip
    elsewhere = store(tmp_path, "elsewhere", Outcome((), {**PART, "base": "release"}))
    with pytest.raises(LockstepError, match=r"compared with 'release', and .* 'origin/main'"):
        merge_reports([part, whole, elsewhere])


def test_many_missing_shards_are_counted(tmp_path: Path) -> None:
    with pytest.raises(LockstepError, match=r"2/30, .*, 11/30 and 19 more\)"):
        merge_reports([shard(tmp_path, "1/30", Outcome(()))])


def test_what_is_no_report_is_refused_with_its_name(tmp_path: Path) -> None:
    good = store(tmp_path, "good", ORDINARY)
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    for paths, words in (
        ([good, bad], "this is not a report of lockstep check: its schemaVersion is null"),
        ([good, tmp_path / "missing.json"], "cannot read it: No such file"),
        ([good, tmp_path], "cannot read it"),
        ([good, tmp_path / "." / "good.json"], "given twice"),
    ):
        with pytest.raises(LockstepError, match=words) as error:
            merge_reports(paths)
        assert error.value.where == str(paths[-1])

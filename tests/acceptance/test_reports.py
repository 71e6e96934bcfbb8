"""Reports from outside: printed, written to files, merged; on real git and real OPA."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from lockstep.cli.entry import invoke
from lockstep.edges import files
from lockstep.report.envelope import validator
from tests.acceptance.test_examples import EXAMPLES, Base, base, repository_with

__all__ = ["base"]  # the fixture: a small fleet

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown")
SARIF = Path(__file__).resolve().parents[1] / "data" / "sarif-schema-2.1.0.json"
CLUSTER = "clusters/prod/fraud/"


@pytest.fixture
def bad(base: Base, tmp_path: Path) -> Path:
    """The small fleet with a pull request that policy denies in three places."""
    case = EXAMPLES / "negative" / "bad-pull-request"
    return repository_with(case, base, tmp_path / "repository")


def check(root: Path, *arguments: str) -> tuple[int, str]:
    return invoke(["check", "--root", str(root), *arguments])


def data(text: str) -> Any:
    return json.loads(text)


def findings(root: Path) -> Any:
    found = data(check(root, "--format", "json")[1])["findings"]
    assert len(found) >= 3
    return found


def test_text_shows_the_source_line_and_points_at_the_column(bad: Path) -> None:
    code, text = check(bad)
    lines = text.splitlines()
    found = findings(bad)
    assert code == 11 and lines[-1] == f"{len(found)} errors in 2 clusters"
    for finding in found:
        place = f"{finding['file']}:{finding['line']}:{finding['column']}:"
        at = next(number for number, line in enumerate(lines) if line.startswith(place))
        source = (bad / finding["file"]).read_text().splitlines()[finding["line"] - 1]
        gutter = f"    {finding['line']} | "
        assert lines[at + 1].rstrip("…") == f"{gutter}{source}"[: len(gutter) + 100].rstrip("…")
        assert lines[at + 2].index("^") == len(gutter) + finding["column"] - 1
        assert lines[at + 3].startswith("    fix: ")


@pytest.mark.parametrize("character", ["\f", "\x85", "\u2028", "\x1e"])
def test_the_source_line_is_that_of_an_editor(bad: Path, character: str) -> None:
    path = bad / findings(bad)[0]["file"]
    text = path.read_text()
    path.write_text(text.replace("spec:", f"# one{character}line\nspec:", 1))
    (line,) = (n for n, each in enumerate(text.split("\n"), 1) if each == "spec:")
    shown = f"    {line} | # one{character.encode('unicode_escape').decode()}line"
    assert shown.replace("\\f", "\\x0c") in check(bad)[1].splitlines()


def test_one_run_prints_text_and_stores_every_other_format(bad: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "new"
    names = ("json", "sarif", "junit", "github", "gitlab", "markdown")
    wanted = [part for name in names for part in ("--report", f"{name}={folder / name}")]
    assert check(bad, *wanted) == check(bad)
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    stored = {name: (folder / name).read_text() for name in names}
    for name, text in stored.items():
        assert text.endswith("\n")
        assert check(bad, "--format", name) == (11, text)
    number = len(findings(bad))
    log = data(stored["sarif"])
    assert len(log["runs"][0]["results"]) == number
    jsonschema.Draft4Validator(data(SARIF.read_text())).validate(log)
    described = {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    for rule in ("policy.residency", "policy.weights-sum"):
        assert described[rule]["shortDescription"]["text"] != rule
    assert ElementTree.fromstring(stored["junit"]).attrib["failures"] == str(number)
    assert stored["github"].count("::error file=clusters/") == number
    assert len({issue["fingerprint"] for issue in data(stored["gitlab"])}) == number
    assert stored["markdown"].startswith(f"### Lockstep: {number} errors in 2 clusters")


def test_reports_do_not_depend_on_the_machine_or_the_folder(
    bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "elsewhere" / "clone"
    shutil.copytree(bad, other, symlinks=True)
    monkeypatch.setenv("LOCKSTEP_CACHE", "")
    for name in ("text", "json", "sarif", "junit", "github", "gitlab", "markdown"):
        first, second = (check(root, "--format", name)[1] for root in (bad, other))
        assert first == second
        assert str(tmp_path) not in first


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ("sarif", "is not FORMAT=PATH"),
        ("pdf=x", "the formats are text, json, sarif"),
        ("sarif=", "is not FORMAT=PATH"),
        ("sarif=FOLDER", "this is not a file"),
        ("sarif=/dev/null", "this is not a file"),
        ("sarif=FILE/below", "is not a folder that you may write to"),
        ("sarif=x\0y", "this is not a valid path"),
    ],
)
def test_a_report_that_cannot_be_is_rejected_before_the_check(
    tmp_path: Path, report: str, words: str
) -> None:
    (tmp_path / "file").write_text("kept")
    report = report.replace("FOLDER", str(tmp_path)).replace("FILE", str(tmp_path / "file"))
    for verb in ("check", "validate"):
        # Here is no repository, which a check would say.
        code, text = invoke([verb, "--root", str(tmp_path), "--report", report])
        assert code == 2 and words in text
    assert (tmp_path / "file").read_text() == "kept"


def test_two_reports_cannot_have_one_path(tmp_path: Path) -> None:
    reports = [f"--report=json={tmp_path}/x", f"--report=sarif={tmp_path}/y/../x"]
    code, text = invoke(["validate", "--root", str(tmp_path), *reports])
    assert code == 2 and "two reports cannot have the same path" in text


def test_a_report_that_cannot_be_written_hides_no_finding(
    bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(target: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lockstep.edges.files.write_file", full)
    code, text = check(bad, "--report", f"json={tmp_path / 'x'}")
    assert code == 1 and "errors in 2 clusters" in text
    assert "cannot write the report: No space left on device" in text


def test_where_nothing_could_be_checked_every_report_says_so(bad: Path, tmp_path: Path) -> None:
    shutil.rmtree(bad / "clusters")
    paths = {name: tmp_path / name for name in FORMATS}
    for path in paths.values():
        path.write_text("of an earlier run")
    wanted = [part for name, path in paths.items() for part in ("--report", f"{name}={path}")]
    code, text = check(bad, *wanted)
    assert code == 3 and text.startswith("error: there are no clusters to work on")
    for path in paths.values():
        assert "there are no clusters to work on" in path.read_text()
    report = data(paths["json"].read_text())
    validator("check").validate(report)
    assert report["exitCode"] == 3
    log = data(paths["sarif"].read_text())
    jsonschema.Draft4Validator(data(SARIF.read_text())).validate(log)
    assert not log["runs"][0]["invocations"][0]["executionSuccessful"]
    suites = ElementTree.fromstring(paths["junit"].read_text())
    assert (suites.attrib["tests"], suites.attrib["errors"]) == ("1", "1")
    assert check(bad, "--format", "github")[1].startswith("::error file=clusters,")


@pytest.mark.parametrize(
    ("arguments", "code", "rule", "file"),
    [
        (["--base", "nowhere"], 2, "run.usage", "clusters"),
        ([], 1, "run.could-not-run", "policies/main.rego"),
    ],
)
def test_a_run_that_an_error_ends_says_where_it_happened(
    bad: Path, arguments: list[str], code: int, rule: str, file: str
) -> None:
    if not arguments:
        (bad / "policies/main.rego").write_text("package lockstep\n\nx := {\n")
    found, text = check(bad, "--format", "json", *arguments)
    report = json.JSONDecoder().raw_decode(text[text.index("{\n") :])[0]
    assert (found, report["exitCode"]) == (code, code)
    assert [(each["rule"], each["file"]) for each in report["findings"]] == [(rule, file)]


def test_no_name_of_a_file_is_a_command_to_the_runner(bad: Path) -> None:
    name = "a\n::error file=x::forged\n##[add-mask]forged"
    (bad / "clusters" / name).symlink_to("/etc/passwd")
    for output in ("text", "github"):
        code, text = check(bad, "--format", output)
        assert code == 10 and "this is a symbolic link" in text
        assert not any(line.startswith(("::error file=x", "##[")) for line in text.splitlines())


def test_a_shard_that_could_not_run_is_no_clean_part_of_the_whole(
    bad: Path, tmp_path: Path
) -> None:
    paths = [str(tmp_path / f"{number}.json") for number in (1, 2)]
    check(bad, "--shard", "1/2", "--report", f"json={paths[0]}")
    check(bad, "--shard", "2/2", "--report", f"json={paths[1]}", "--base", "nowhere")
    code, text = invoke(["merge-reports", *paths])
    assert code == 2 and "run.usage: --base 'nowhere' is not a commit here" in text
    assert len(text.splitlines()) > 3


def test_one_report_that_cannot_be_written_keeps_no_other_back(
    bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = files.write_file

    def refuse(target: Path, data: bytes) -> None:
        if target.name == "full":
            raise OSError(28, "No space left on device")
        write(target, data)

    monkeypatch.setattr(files, "write_file", refuse)
    wanted = [f"--report=json={tmp_path}/full", f"--report=sarif={tmp_path}/kept"]
    assert check(bad, *wanted)[0] == 1
    assert data((tmp_path / "kept").read_text())["version"] == "2.1.0"


def test_validate_and_render_tell_their_findings_in_any_format(bad: Path) -> None:
    (bad / "clusters/prod/environment.yaml").write_text("kind: [")
    for verb in ("validate", "render"):
        code, text = invoke([verb, "--root", str(bad), "--format", "github"])
        assert code == 10 and "::error file=clusters/prod/environment.yaml,line=" in text


def test_the_reports_of_shards_are_merged_into_that_of_one_check(bad: Path, tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{number}.json") for number in (1, 2, 3)]
    for number, path in enumerate(paths, 1):
        check(bad, "--shard", f"{number}/3", "--report", f"json={path}")
    for name in ("text", "json", "sarif", "junit", "github", "gitlab", "markdown"):
        code, text = invoke(["merge-reports", *paths[::-1], "--format", name])
        # Only the verb is another one.
        text = text.replace('"verb": "merge-reports"', '"verb": "check"')
        assert (code, text) == check(bad, "--format", name)
    code, text = invoke(["merge-reports", *paths[:2]])
    assert code == 1 and "shards are missing (3/3)" in text
    stored = tmp_path / "merged.sarif"
    assert invoke(["merge-reports", *paths, "--report", f"sarif={stored}"])[0] == 11
    assert stored.is_file()
    (bad / "clusters/prod/environment.yaml").write_text("kind: [")
    check(bad, "--shard", "2/3", "--report", f"json={paths[1]}")
    code, text = invoke(["merge-reports", *paths])
    assert code == 1 and "2.json: this report and" in text and "of different files" in text


def test_merging_nothing_is_a_usage_error() -> None:
    assert invoke(["merge-reports"])[0] == 2


def coloured(arguments: list[str], **environment: str) -> bool:
    """Whether the program colours what it prints to a terminal."""
    inside, outside = pty.openpty()
    env = {**os.environ, "TERM": "xterm", **environment}
    env = {name: value for name, value in env.items() if value != "-"}
    command = [sys.executable, "-m", "lockstep", *arguments]
    subprocess.run(command, stdout=outside, stderr=subprocess.DEVNULL, env=env, check=False)
    os.close(outside)
    shown = b""
    while chunk := _read(inside):
        shown += chunk
    os.close(inside)
    assert b"schema" in shown or b"yaml" in shown
    return b"\x1b[" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so at the end of what a terminal has to say
        return b""


def test_a_terminal_of_another_encoding_is_shown_escapes(bad: Path, tmp_path: Path) -> None:
    check(bad, "--report", f"json={tmp_path / 'x'}")
    text = (tmp_path / "x").read_text().replace("the weights of", "\\u4e16 of", 1)
    (tmp_path / "x").write_text(text)
    command = [sys.executable, "-m", "lockstep", "merge-reports", str(tmp_path / "x")]
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    ended = subprocess.run(command, capture_output=True, env=env, check=False)
    assert (ended.returncode, ended.stderr) == (11, b"")
    assert rb"\u4e16 of" in ended.stdout


def test_colour_only_for_a_terminal_whose_user_wants_it(bad: Path) -> None:
    (bad / "clusters/prod/environment.yaml").write_text("kind: [")
    command = ["validate", "--root", str(bad)]
    assert coloured(command, NO_COLOR="-")
    assert not coloured(command, NO_COLOR="1")
    assert not coloured(command, NO_COLOR="-", TERM="dumb")
    assert not coloured([*command, "--color", "never"], NO_COLOR="-")
    assert coloured([*command, "--color", "always"], NO_COLOR="1")
    assert "\x1b[" not in invoke(command)[1]
    assert "\x1b[" in invoke([*command, "--color", "always"])[1]
    assert "\x1b[" not in invoke([*command, "--color", "always", "--format", "json"])[1]

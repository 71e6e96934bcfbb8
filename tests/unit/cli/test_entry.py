"""The program itself: verbs, help, exit codes, and nothing hidden in what it prints."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lockstep import __version__
from lockstep.cli import entry, invoke
from lockstep.cli.entry import program
from tests.unit.edges.repositories import new_repository

VERBS = [
    "add", "adopt", "advance", "approval", "audit", "check", "comment", "diff", "doctor",
    "drift", "fetch-model", "hold", "init", "lock", "merge-reports", "policy", "propose", "release",
    "render", "resume", "revert", "review", "schema", "site", "status", "template", "tools",
    "upgrade", "validate",
]  # fmt: skip
HEAVY = {
    "mlflow", "opa_client", "requests", "jinja2", "rich", "yaml", "ryml", "jsonschema_rs", "pandas",
    "msgspec", "ssl", "subprocess", "ctypes", "pathlib", "concurrent",
}  # fmt: skip


def run(*arguments: str) -> tuple[int, str]:
    return invoke(arguments)


def verbs() -> list[tuple[str, click.Command]]:
    context = click.Context(program)
    found = [(name, program.get_command(context, name)) for name in program.list_commands(context)]
    return [(name, command) for name, command in found if command is not None]


def test_help_lists_every_verb_with_a_line_and_the_exit_codes() -> None:
    code, text = run("--help")
    assert code == 0
    assert re.findall(r"^  ([a-z][a-z-]*)  +\S", text, re.MULTILINE) == VERBS
    assert "12 gate closed" in text
    assert run("-h") == (code, text)


def test_every_verb_can_be_imported_and_explains_itself() -> None:
    assert [name for name, _ in verbs()] == VERBS
    for name, command in verbs():
        code, text = run(name, "--help")
        assert code == 0 and f"lockstep {name}" in text
        options = [each for each in command.params if isinstance(each, click.Option)]
        assert command.help and all(option.help for option in options)


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version") == (0, f"lockstep, version {__version__}\n")


LOADED = """
import json, sys
from lockstep.cli.entry import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted(name.partition(".")[0] for name in sys.modules)]))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["no-such-verb"], []])
def test_help_stays_quick_because_it_imports_no_part_that_verbs_need(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True
    )
    _, modules = json.loads(done.stdout.splitlines()[-1])
    assert "click" in modules
    assert not HEAVY & set(modules)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Usage: lockstep"),
        (["no-such-verb"], "No such command 'no-such-verb'"),
        (["valid"], "No such command 'valid'"),
        (["validate", "--no-such-option"], "No such option"),
        (["validate", "too", "many"], "unexpected extra argument"),
        (["check", "--format", "xml"], "'xml' is not one of"),
        (["hold", "fraud"], "Missing option '--reason'"),
        (["propose", "fraud"], "Missing argument 'VERSION'"),
        (["policy"], "Usage: lockstep policy"),
        (["policy", "bake"], "No such command 'bake'"),
        (["lock"], "lockstep lock FAMILY VERSION"),
        (["validate", "--root", "/no/such/folder"], "this folder does not exist"),
        (["status", "--now", "tomorrow"], "write a time like"),
        (["hold", "fraud", "--reason", "\udcff"], "an argument is not UTF-8"),
    ],
)
def test_a_command_line_without_meaning_exits_with_2(arguments: list[str], says: str) -> None:
    code, text = run(*arguments)
    assert (code, says in text) == (2, True), text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["statu"], "Did you mean 'status'?"),
        (["adwance", "fraud"], "Did you mean 'advance'?"),
        (["merge-report"], "Did you mean 'merge-reports'?"),
        (["policy", "lst"], "Did you mean 'list'?"),
        (["add", "clustr"], "Did you mean 'cluster'?"),
        (["status", "--enviroment", "prod"], "Did you mean '--environment'?"),
        (["audit", "--veryfy"], "Did you mean '--verify'?"),
    ],
)
def test_an_unknown_word_gets_the_nearest_one(arguments: list[str], says: str) -> None:
    code, text = run(*arguments)
    assert (code, says in text) == (2, True), text


def test_a_word_that_is_like_no_verb_gets_no_guess() -> None:
    assert "Did you mean" not in run("xyzzy")[1]


def test_outside_of_a_repository_is_usage_and_an_empty_one_is_nothing_to_check(
    tmp_path: Path,
) -> None:
    outside = run("validate", "--root", str(tmp_path))
    assert outside[0] == 2 and "not a git repository" in outside[1]
    new_repository(tmp_path, {"README.md": b""})
    empty = run("validate", "--root", str(tmp_path))
    assert empty[0] == 3 and "no clusters" in empty[1]


def test_an_error_about_a_hostile_name_is_safe_for_a_terminal(tmp_path: Path) -> None:
    name = "\x1b[2J\x1b]0;owned\x07\u202e\r.yaml"
    new_repository(tmp_path, {"clusters/prod/environment.yaml": b""})
    (tmp_path / "clusters" / name).symlink_to("/etc/passwd")
    code, text = run("validate", "--root", str(tmp_path))
    assert code == 10 and "symbolic link" in text
    assert r"\x1b[2J\x1b]0;owned\x07\u202e\r.yaml" in text
    assert text.replace("\n", "").isprintable()


def test_words_of_the_command_line_come_back_safe_for_a_terminal(tmp_path: Path) -> None:
    new_repository(tmp_path, {"clusters/prod/environment.yaml": b"kind: Environment\n"})
    root = ["--root", str(tmp_path)]
    for arguments in (["audit", "\x1b[31m"], ["check", "--base", "\u202e"], ["\x1b[2J"]):
        code, text = run(*arguments, *root)
        assert code == 2 and text.replace("\n", "").isprintable(), text


def test_the_process_ends_with_the_code_of_the_verb_and_errors_go_to_stderr(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lockstep", "validate"], cwd=tmp_path, check=False,
        capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and "  fix: " in done.stderr


def program_in_a_shell(command: str, before: str = "exec") -> subprocess.CompletedProcess[str]:
    """The program as a process whose streams and limits the shell sets."""
    command = f'{before} "{sys.executable}" -m lockstep {command}'
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)


def test_a_full_disk_is_an_error_and_no_traceback() -> None:
    ended = program_in_a_shell("--help >/dev/full")
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ") and "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr and "Exception ignored" not in ended.stderr


@pytest.mark.parametrize("where", [">/dev/full 2>&1", "2>/dev/full", "2>&-", "| head -c 0"])
def test_output_that_goes_nowhere_is_no_traceback(where: str) -> None:
    for command in ("--help", "validate --root /nowhere/at/all", "no-such-verb"):
        ended = program_in_a_shell(f"{command} {where}", before="")
        assert "Traceback" not in ended.stderr and "Exception ignored" not in ended.stderr
        assert ended.returncode in (0, 1, 2)


@pytest.mark.parametrize("limit", [10, 8, 6])
def test_a_lack_of_file_descriptors_says_so(limit: int, tmp_path: Path) -> None:
    new_repository(tmp_path, {"clusters/prod/environment.yaml": b"kind: Environment\n"})
    ended = program_in_a_shell(f"check --root {tmp_path}", before=f"ulimit -n {limit}; exec")
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert "Too many open files" in ended.stderr and "ulimit -n" in ended.stderr


def test_a_limit_on_the_size_of_files_says_so(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = f"check --root {tmp_path} --report json={report}"
    new_repository(tmp_path, {"clusters/prod/environment.yaml": b"kind: Environment\n"})
    ended = program_in_a_shell(command, before="ulimit -f 0; exec")
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert "File too large" in ended.stderr and "ulimit -f" in ended.stderr


STOPPED = """
import os, signal, sys, time
import click
from lockstep.cli import entry

@click.command()
def verb():
    try:
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(60)
    finally:
        print("tidied up")

real = entry.run
entry.run = lambda _: real([], verb)
entry.main()
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_signal_unwinds_and_has_the_exit_code_that_shells_give(number: int, code: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STOPPED, str(int(number))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "tidied up\n", "stopped\n")


def test_ctrl_c_in_a_verb_that_runs_inside_this_process() -> None:
    @click.command()
    def verb() -> None:
        raise KeyboardInterrupt

    assert entry.run([], verb) == 130


def test_without_standard_output_a_verb_runs_all_the_same() -> None:
    ended = program_in_a_shell("validate --root /nowhere/at/all >&-")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: /nowhere/at/all: this folder does not exist")


WHILE_IMPORTING = """
import signal, time, types
from lockstep.cli import entry
frame = types.SimpleNamespace(f_globals={"__name__": "importlib._bootstrap"})
entry._stop(signal.SIGTERM, frame)
print("not yet")
try:
    time.sleep(30)
except BaseException as stopped:
    print(stopped.exit_code)
"""


def test_a_signal_waits_until_python_holds_no_lock_of_its_imports() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHILE_IMPORTING], capture_output=True, text=True, check=False
    )
    assert done.stdout.split("\n")[:2] == ["not yet", "143"], done.stderr

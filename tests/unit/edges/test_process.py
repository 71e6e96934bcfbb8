"""Other programs: their bytes and status as they are, and none outlives Lockstep."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lockstep.edges import process, stopping
from lockstep.model.errors import LockstepError


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_bytes_and_status_come_back_as_they_are() -> None:
    code = "import sys; d=sys.stdin.buffer.read(); sys.stdout.buffer.write(d[::-1]); sys.exit('no')"
    done = process.run(python(code), stdin=b"\x00\xff\r\n")
    assert (done.returncode, done.stdout, done.error_text) == (1, b"\n\r\xff\x00", "no")


def test_stderr_of_any_bytes_is_text() -> None:
    done = process.run(python(r"import sys; sys.stderr.buffer.write(b'\n gr\xfc\xdf \n')"))
    assert done.error_text == "gr\ufffd\ufffd"


def test_the_environment_and_the_folder_are_those_given_and_stdin_is_empty(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ.get('A'), os.getcwd(), repr(sys.stdin.read()))"
    done = process.run(python(code), cwd=tmp_path, env={"A": "1", "PATH": os.defpath})
    assert done.stdout.decode().split() == ["1", str(tmp_path), "''"]


def test_arguments_reach_no_shell(tmp_path: Path) -> None:
    words = ["$(touch x)", "`touch x`", "; touch x", "a b", "*", "-n", ""]
    done = process.run([*python("import sys; print(sys.argv[1:])"), *words], cwd=tmp_path)
    assert done.stdout.decode().strip() == repr(words)
    assert not any(tmp_path.iterdir())


def test_a_missing_program_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    starters: list[Callable[[list[str]], object]] = [process.run, process.start]
    for begin in starters:
        with pytest.raises(LockstepError, match="cannot start no-such-program") as error:
            begin(["no-such-program"])
        assert "PATH" in error.value.fix
        with pytest.raises(LockstepError, match="Permission denied"):
            begin([str(tmp_path)])


@pytest.mark.parametrize("argument", ["a\0b", "\ud800"])
def test_an_impossible_argument_is_an_error(argument: str) -> None:
    for begin in (process.run, process.start):
        with pytest.raises(LockstepError, match="cannot start true"):
            begin(["true", argument])


def test_a_program_that_does_not_end_is_ended() -> None:
    with pytest.raises(LockstepError, match=r"did not end within 0\.2 seconds"):
        process.run(python("import time; time.sleep(60)"), timeout=0.2)


GRANDCHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1] + "~", "w").write(str(child.pid))
import os; os.rename(sys.argv[1] + "~", sys.argv[1])
time.sleep(600)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_a_program_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    # Longer than the start of two programs takes: the test cannot know when they have started.
    with pytest.raises(LockstepError, match="did not end"):
        process.run([*python(GRANDCHILD), str(started)], timeout=5)
    wait_until(lambda: not is_running(int(started.read_text())))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (signal.SIGXFSZ, "ended by signal SIGXFSZ (the limit on the size of files, ulimit -f)"),
        (signal.SIGTERM, "ended by signal SIGTERM"),
        (40, "ended by signal 40"),
    ],
)
def test_a_program_that_a_signal_ended_has_an_error_text(number: int, text: str) -> None:
    code = (
        f"import os, signal; signal.signal({int(number)}, 0); os.kill(os.getpid(), {int(number)})"
    )
    done = process.run(python(code))
    assert (done.error_text, done.output_text) == (text, text)
    wrote = process.Completed(-number, b"out", b"err\n")
    assert (wrote.error_text, wrote.output_text) == ("err", "err")
    assert process.Completed(-number, b"out", b"").output_text == "out"
    assert process.Completed(1, b"", b"").error_text == ""


def test_a_program_that_lacks_descriptors_is_not_to_be_installed() -> None:
    code = """
import resource
from lockstep.edges import process
process.run(["true"])
resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
try:
    process.run(["true"])
except process.LockstepError as error:
    print(error.message, error.fix, sep="; ")
"""
    done = process.run(python(code))
    assert done.stdout.decode() == (
        "cannot start true: Too many open files; raise the limit on open files (ulimit -n)\n"
    )


def test_a_started_program_writes_its_stderr_to_the_file(tmp_path: Path) -> None:
    stderr = tmp_path / "stderr"
    code = "import os, sys; print('out'); print(os.environ['A'], os.getcwd(), file=sys.stderr)"
    child = process.start(python(code), cwd=tmp_path, env={"A": "1"}, stderr=stderr)
    assert child.wait(30) == 0
    assert stderr.read_text() == f"1 {tmp_path}\n"


def test_a_stopped_program_is_asked_and_then_killed() -> None:
    polite = process.start(python("import time; time.sleep(60)"))
    process.stop(polite)
    process.stop(polite)
    assert polite.returncode == -signal.SIGTERM


def test_a_program_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        "import signal, sys, time; from pathlib import Path;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); Path(sys.argv[1]).touch(); time.sleep(60)"
    )
    deaf = process.start([*python(code), str(ready)])
    wait_until(ready.exists)
    process.stop(deaf, patience=0.1)
    assert deaf.returncode == -signal.SIGKILL


PARENT = """
import sys, time
from lockstep.edges.process import start
child = start([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_started_program_dies_with_its_parent_however_that_dies(how: signal.Signals) -> None:
    with subprocess.Popen(python(PARENT), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.send_signal(how)
        parent.wait(30)
    wait_until(lambda: not is_running(child))


def is_running(pid: int) -> bool:
    """Whether the process lives: neither gone nor a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(happened: Callable[[], bool]) -> None:
    for _ in range(3000):
        if happened():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen within 30 seconds")


def test_a_run_that_is_stopped_starts_no_program_any_more() -> None:
    stopping.stop(KeyboardInterrupt())
    try:
        with pytest.raises(KeyboardInterrupt):
            process.run(["true"])
    finally:
        stopping.start()
    assert process.run(["true"]).returncode == 0


def test_ctrl_c_does_not_reach_a_server_that_lockstep_started() -> None:
    child = process.start(["sleep", "60"])
    try:
        assert os.getpgid(child.pid) != os.getpgrp()
    finally:
        process.stop(child)


def test_a_conversation_asks_and_answers_and_ends_the_program() -> None:
    talk = process.Coprocess(["cat"])
    talk.send(b"one\ntwo")
    assert (talk.line(), talk.read(3)) == (b"one\n", b"two")
    talk.close()
    talk.close()
    with pytest.raises((OSError, ValueError)):
        talk.send(b"more")


def test_no_conversation_begins_once_the_run_was_stopped() -> None:
    stopping.stop(KeyboardInterrupt())
    try:
        with pytest.raises(KeyboardInterrupt):
            process.Coprocess(["cat"])
    finally:
        stopping.start()

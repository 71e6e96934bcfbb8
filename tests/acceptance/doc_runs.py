"""Runs the commands of pages in one shell, and compares what they print with what is quoted."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.acceptance.doc_pages import Block

_MARK = "--- part {} ---"
_FAILED = "---failed---"
# What a reader does with an editor: the path, and the lines before and after.
_EDIT = """\
import pathlib, sys
path, before, after = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
text = path.read_text()
sys.exit(text.count(before) != 1 or not path.write_text(text.replace(before, after)))
"""
Step = tuple[str, str | None]
"""Commands, and the output that is quoted; None where all of them only have to succeed."""


def steps_of(listed: Sequence[Block]) -> Iterator[Step]:
    """The commands of blocks: each of ``console`` by itself, ``sh`` as a whole, files, edits."""
    for block in listed:
        if block.file:
            path = shlex.quote(block.file)
            folder = shlex.quote(str(Path(block.file).parent))
            write = f"cat > {path} <<'END OF FILE'\n{block.text}END OF FILE"
            yield f"mkdir -p {folder}\n{write}", None
        elif block.edit:
            edit = shlex.join([sys.executable, "-c", _EDIT, block.edit, *both_sides(block.text)])
            yield f"set -e\n{edit}\nset +e", None
        elif block.language == "console":
            yield from commands(block.text)
        else:
            yield f"set -e\n{block.text}set +e", None


def both_sides(diff: str) -> tuple[str, str]:
    """The lines that a diff has before and after it, whose markers are ``-``, ``+`` and a space."""
    lines = [(line[:1], line[1:] + "\n") for line in diff.splitlines()]
    assert {mark for mark, _ in lines} <= set("+- "), diff
    before, after = ("".join(text for mark, text in lines if mark != left) for left in "+-")
    assert before, "a diff without a line that is there"
    return before, after


def commands(console: str) -> list[tuple[str, str]]:
    """The commands of ``console`` blocks, each with the output that is quoted below it.

    A line that begins with ``> `` goes on with the command.
    """
    parts = re.split(r"^\$ (.*\n(?:> .*\n)*)", console, flags=re.MULTILINE)
    assert not parts[0], "a console block begins with a command"
    lines = [re.sub(r"^> ", "", part, flags=re.MULTILINE).rstrip("\n") for part in parts[1::2]]
    return list(zip(lines, parts[2::2], strict=True))


def pattern(quoted: str) -> str:
    """A regular expression for quoted output: ``…`` stands for anything, on a line or of lines."""
    lines = [
        "(?:.*\n)*?"
        if line == "…"
        else ".*?".join(re.escape(part) for part in line.split("…")) + "\n"
        for line in quoted.splitlines()
    ]
    return "".join(lines)


def run_all(listed: Sequence[str], folder: Path, more: Mapping[str, str]) -> list[str]:
    """Run commands in one shell, which stops at a part of ``set -e`` that fails; what each printed.

    ``more`` are variables of the environment.
    """
    script = (
        f"trap 'test $? = 0 || echo {_FAILED}' EXIT\n"
        + "".join(
            f"(status=$?; echo {shlex.quote(_MARK.format(number))}; exit $status)\n{command}\n"
            for number, command in enumerate(listed)
        )
        + "true\n"
    )
    environment = {
        **os.environ, "COLUMNS": "80", "LC_ALL": "C.UTF-8", "MLFLOW_DISABLE_TELEMETRY": "true",
        **more,
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return re.split(re.escape(_MARK).replace(r"\{\}", r"\d+") + "\n", done.stdout)[1:]


def differences(
    steps: Sequence[Step], folder: Path, more: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A text for each step that fails, or prints something else than the documentation quotes."""
    printed = run_all([command for command, _ in steps], folder, more or {})
    for (command, quoted), output in zip(steps, printed, strict=False):
        if quoted is None:
            if _FAILED in output:
                yield f"this fails:\n{command}\nand prints\n{output}"
        elif not re.fullmatch(pattern(quoted), output):
            yield f"$ {command}\nprints\n{output}and the documentation quotes\n{quoted}"
    if len(printed) < len(steps) and _FAILED not in printed[-1]:
        yield f"the shell ended in\n{steps[len(printed) - 1][0]}"

"""The pages about the command line: every verb, every option, every exit code."""

import re
from collections.abc import Callable

import click
import pytest

from lockstep.cli import reference
from lockstep.cli.entry import invoke, run
from lockstep.cli.verbs import ANY_VERB, Verb
from lockstep.model.errors import Denied
from lockstep.model.exit_codes import ExitCode

PAGES = reference.pages()
VERBS = PAGES["docs/reference/verbs.md"]
CODES = PAGES["docs/reference/exit-codes.md"]


def section(verb: str) -> str:
    return VERBS.split(f"\n## lockstep {verb}\n")[1].split("\n## ")[0]


def test_every_verb_says_its_exit_codes() -> None:
    for name, verb in reference.verbs():
        assert list(verb.exit_codes) == sorted({*verb.exit_codes} - {*ANY_VERB}), name
        codes = ", ".join(str(code.value) for code in verb.exit_codes)
        assert f"](#lockstep-{name.replace(' ', '-')}) | " in VERBS
        assert re.search(rf"^\| \[`lockstep {name}`\].* \| {codes} \|$", VERBS, re.MULTILINE), name


def test_a_command_that_declares_none_is_refused() -> None:
    with pytest.raises(TypeError, match="declares no exit codes"):
        reference._declared(click.Command("new"))


def test_a_verb_that_ends_with_a_code_that_it_does_not_declare_fails_its_test() -> None:
    """``tests/conftest.py`` holds every verb that a test runs in its process against this."""

    def verb(callback: Callable[[], ExitCode]) -> Verb:
        return Verb("new", callback=callback, exit_codes=(ExitCode.INVALID,))

    def denied() -> ExitCode:
        raise Denied("a rule forbids it")

    assert run([], verb(lambda: ExitCode.INVALID)) == 10
    for callback in (lambda: ExitCode.DENIED, denied):
        with pytest.raises(AssertionError, match="does not declare exit code 11"):
            run([], verb(callback))


def test_every_verb_has_a_section_with_all_of_its_options() -> None:
    for name, command in reference.verbs():
        options = [each for each in command.params if isinstance(each, click.Option)]
        rows = re.findall(r"^\| `(.+?)` ?.*\|$", section(name), re.MULTILINE)
        assert [row.split("`")[0] for row in rows] == [max(o.opts, key=len) for o in options]
        assert f"(#lockstep-{name.replace(' ', '-')})" in VERBS


def test_arguments_values_and_defaults_are_shown() -> None:
    assert "`lockstep revert FAMILY [VERSION] [OPTIONS]`" in section("revert")
    assert "| `--tier` | `development`, `staging` or `production` |" in section("init")
    assert "| `--min` | a number | The metric's bound. By default `0.8`. |" in section("init")
    assert "| `--reason` | a text | Why, in a sentence; it is recorded. Required. |" in section(
        "hold"
    )
    assert "| `--replay` |  | Recompute each verdict from its record. |" in section("audit")


def test_every_exit_code_is_explained_and_shown_by_help() -> None:
    said = invoke(["--help"])[1]
    for code in ExitCode:
        assert f"| {code.value} | {code.words} | " in CODES
        assert re.search(rf"{code.value}\s+{code.words.replace(' ', chr(92) + 's+')}", said)
    users = re.search(r"^\| 12 \| (`.*) \|$", CODES, re.MULTILINE)
    assert users and "`advance`" in users[1] and "`check`" not in users[1]

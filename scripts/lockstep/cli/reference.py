"""The reference pages of verbs and of exit codes, written from the definitions of the verbs."""

from collections.abc import Iterator

import click

from lockstep.cli.entry import program
from lockstep.cli.verbs import Verb
from lockstep.model.exit_codes import ExitCode
from lockstep.text.phrases import alternatives
from lockstep.text.sanitise import markdown_cell

_TYPES = {
    "text": "a text",
    "path": "a path",
    "filename": "a file",
    "file": "a file",
    "float": "a number",
}

_VERBS_HEAD = """\
<!-- Written by `lockstep schema docs` from scripts/lockstep/cli/; do not edit. -->

# Verbs

Every verb, with all arguments and options; `lockstep VERB --help` shows the same. All verbs end
with 0, 1 or 2, and with the [exit codes](exit-codes.md) that their line adds.

| verb | what it does | also ends with |
|---|---|---|"""

_CODES_HEAD = """\
<!-- Written by `lockstep schema docs` from model/exit_codes.py and cli/; do not edit. -->

# Exit codes

A code has the same meaning for all verbs. Pipelines may rely on it.

| exit code | name | meaning |
|---|---|---|"""

_CODES_END = """\
| 130, 143 | stopped | Ctrl-C, or the signal TERM, ended the run. |

A verb that moves a family ends with the code of its decision even where its output cannot be
written, and says so on standard error: a pipeline that saw a failure would decide again. For all
others, lost output is exit code 1.

Exit code 12 is normal while a step bakes, and while a server gives no answer: the next run asks it
again. A registry or a source of gates that is not configured at all (no address, no token, a client
that is not installed) is exit code 1, because no wait ends it. Only `fail` of a gate, and a person,
roll a version back.

## Which verb ends with what

In addition to 0, 1 and 2:

| exit code | verbs |
|---|---|"""


def pages() -> dict[str, str]:
    """The pages by path: of verbs with their options, and of exit codes."""
    return {
        "docs/reference/exit-codes.md": _exit_codes(),
        "docs/reference/verbs.md": _reference(),
    }


def verbs() -> Iterator[tuple[str, Verb]]:
    """Every verb that does something, by its words: a group such as ``policy`` is left out.

    Raises TypeError for a command that declares no exit codes.
    """
    top = click.Context(program)
    for name in program.list_commands(top):
        command = program.get_command(top, name)
        if isinstance(command, click.Group):
            inner = click.Context(command)
            for below in command.list_commands(inner):
                yield f"{name} {below}", _declared(command.commands[below])
        elif command:
            yield name, _declared(command)


def _declared(command: click.Command) -> Verb:
    if not isinstance(command, Verb):
        raise TypeError(f"the verb {command.name} declares no exit codes: make it a Verb")
    return command


def _reference() -> str:
    found = list(verbs())
    rows = [
        f"| [`lockstep {name}`](#{_slug(name)}) | {_paragraphs(command)[0]} | {_codes(command)} |"
        for name, command in found
    ]
    sections = [line for name, command in found for line in _section(name, command)]
    return "\n".join([_VERBS_HEAD, *rows, *sections]) + "\n"


def _section(name: str, command: click.Command) -> Iterator[str]:
    """The section of one verb."""
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    words = [f"lockstep {name}", *(_argument(each, command) for each in arguments), "[OPTIONS]"]
    yield f"\n## lockstep {name}\n"
    yield f"`{' '.join(words)}`"
    for paragraph in _paragraphs(command):
        yield f"\n{paragraph}"
    yield "\n| option | value | meaning |"
    yield "|---|---|---|"
    for each in command.params:
        if isinstance(each, click.Option):
            yield _row(each)


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len, reverse=True))
    meaning = " ".join((option.help or "").split())
    default = option.default
    if isinstance(default, str | int | float) and not option.is_flag and default != "":
        meaning += f" By default `{default}`."
    if option.required:
        meaning += " Required."
    return f"| {names} | {_value(option)} | {markdown_cell(meaning)} |"


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return alternatives([f"`{choice}`" for choice in option.type.choices])
    return markdown_cell(option.metavar or _TYPES.get(option.type.name, option.type.name))


def _argument(argument: click.Argument, command: click.Command) -> str:
    return argument.make_metavar(click.Context(command))


def _paragraphs(command: click.Command) -> list[str]:
    return [markdown_cell(" ".join(part.split())) for part in (command.help or "").split("\n\n")]


def _codes(command: Verb) -> str:
    return ", ".join(str(code.value) for code in command.exit_codes)


def _slug(name: str) -> str:
    return f"lockstep-{name.replace(' ', '-')}"


def _exit_codes() -> str:
    meanings = [
        f"| {code.value} | {code.words} | {code.meaning[0].upper()}{code.meaning[1:]}. |"
        for code in ExitCode
    ]
    users = {code: [name for name, verb in verbs() if code in verb.exit_codes] for code in ExitCode}
    rows = [
        f"| {code.value} | {', '.join(f'`{name}`' for name in names)} |"
        for code, names in users.items()
        if names
    ]
    return "\n".join([_CODES_HEAD, *meanings, _CODES_END, *rows]) + "\n"

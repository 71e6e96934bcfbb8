"""The class of every verb: a command that declares with which exit codes it may end."""

from collections.abc import Sequence
from typing import Any

import click

from lockstep.cli.streams import progress
from lockstep.edges.progress import shown
from lockstep.model.exit_codes import ExitCode

ANY_VERB = (ExitCode.CLEAN, ExitCode.COULD_NOT_RUN, ExitCode.USAGE)
"""The exit codes that every verb may end with."""


class Verb(click.Command):
    """A command of the program; ``exit_codes`` are those that it adds to ``ANY_VERB``.

    The reference of exit codes is written from them, and the tests hold each run of a verb in
    their process against them.
    """

    def __init__(self, *arguments: Any, exit_codes: Sequence[ExitCode], **given: Any) -> None:
        super().__init__(*arguments, **given)
        self.exit_codes = tuple(exit_codes)
        self.params.append(_quiet_option())

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; what it does is shown meanwhile, on a terminal."""
        with progress() as show, shown(say_nothing if is_quiet() else show):
            return super().invoke(ctx)


_QUIET = "lockstep.quiet"


def _quiet_option() -> click.Option:
    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta[_QUIET] = value

    return click.Option(
        ["--quiet", "-q"], is_flag=True, expose_value=False, callback=remember,
        help="Print findings and errors as text, and nothing else.",
    )  # fmt: skip


def is_quiet() -> bool:
    """Whether the verb that runs is to print nothing but findings and errors."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(_QUIET))


def say_nothing(_: str) -> None:
    """What shows progress where none is to be shown."""


def verb_name() -> str:
    """The words of the verb that runs, such as ``policy list``."""
    _, _, name = click.get_current_context().command_path.partition(" ")
    return name

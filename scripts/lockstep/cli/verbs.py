"""The class of every verb: a command that declares with which exit codes it may end."""

from collections.abc import Sequence
from typing import Any

import click

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


def verb_name() -> str:
    """The words of the verb that runs, such as ``policy list``."""
    _, _, name = click.get_current_context().command_path.partition(" ")
    return name

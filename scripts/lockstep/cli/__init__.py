"""Arguments and exit codes: click, with verbs that are imported when they are used."""

from lockstep.cli.entry import invoke, main

__all__ = ["invoke", "main"]

"""Where the current folder is in the repository that a verb works on."""

import os
from pathlib import Path

import click


def current_folder() -> str:
    """The current folder, relative to the top of the verb's repository, with ``/`` as separator.

    Empty at the top, outside of the repository, and for a verb that works on none.
    """
    context = click.get_current_context(silent=True)
    root = context.params.get("root") if context else None
    return folder_below_top(root) if isinstance(root, Path) else ""


def folder_below_top(root: Path) -> str:
    """As ``current_folder``, for the repository around ``root``."""
    try:
        here, start = Path.cwd(), root.resolve()
    except OSError:  # the folder is gone
        return ""
    tops = (each for each in (start, *start.parents) if (each / ".git").exists())
    top = next(tops, None)
    if top is None or here == top or not here.is_relative_to(top):
        return ""
    return here.relative_to(top).as_posix()


def where_seen_from_here(where: str) -> str:
    """The place of an error, a path of the repository around here, as seen from here.

    Anything else, such as the address of a server, stays as it is.
    """
    from lockstep.report.places import path_seen_from

    folder = folder_below_top(Path())
    path, colon, line = where.partition(":")
    top = Path.cwd().joinpath(*[".."] * len(Path(folder).parts))
    if not folder or "\0" in path or os.path.isabs(path) or not (top / path).exists():
        return where
    return f"{path_seen_from(path, folder)}{colon}{line}"

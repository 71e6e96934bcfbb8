"""What a long run is doing, for a person who waits; whoever runs a verb says where it is shown.

Nothing is shown unless somebody asked for it: engines may say as often as they like.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _nowhere(_: str) -> None:
    pass


_show: Callable[[str], None] = _nowhere


@contextmanager
def shown(show: Callable[[str], None]) -> Iterator[None]:
    """Give ``show`` each text that is said within the block; an empty one ends the text before."""
    global _show  # noqa: PLW0603
    before, _show = _show, show
    try:
        yield
    finally:
        _show = before


def say(text: str) -> None:
    """Show what is being done, in place of what was shown before."""
    _show(text)


def step(doing: str, name: str, number: int, total: int) -> None:
    """Show one step of several: ``rendering prod/fraud (3 of 1,000)``."""
    if _show is not _nowhere:
        _show(f"{doing} {name} ({number:,} of {total:,})")


def clear() -> None:
    """Show nothing any more: what a verb prints comes next."""
    _show("")

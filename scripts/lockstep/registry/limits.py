"""The bounds of what a lock may hold, each in one place, and how a fact is held to them.

A fact is exact or the version is refused: a list or a name that was cut could hide the one fact
that forbids a version. Where MLflow has a bound of its own, ours is the same or wider, so that
only an unusual registry ever exceeds one. The schema of ModelLock has the same bounds.
"""

from collections.abc import Sized

from lockstep.model.errors import Invalid
from lockstep.text.sanitise import plain_line

MOST_COLUMNS = 5_000
"""Inputs of a signature, and outputs."""
MOST_PARAMS = 500
"""Parameters of a signature."""
MOST_DIMENSIONS = 100
"""Sizes in the shape of a parameter."""
LARGEST_NUMBER = 2**53 - 1
"""Of a column's name that is a number, and of a size: the largest that every JSON reader keeps."""
MOST_TAGS = 200
MOST_DATASETS = 200
MOST_METRICS = 500
"""Series of metrics: pairs of a name and a dataset."""
MOST_METRIC_VALUES = 100_000
"""Values ever logged for one model, or for one metric of a run."""
MOST_COPIES = 10
"""Versions that were each copied from the next."""
MOST_VERSIONS = 5_000
"""Versions of one model that are searched for copies of another one."""
MOST_MODELS = 20
"""Models that the versions of one model were copied from, as far as copies are searched for."""
MOST_DESCRIPTION_BYTES = 5_000_000
"""Of the file MLmodel, which holds the signature."""

LONGEST_NAME = 500
"""Characters in the name of a column, parameter, tag, metric or dataset."""
LONGEST_TYPE = 50_000
"""Characters in the type of a column: a nested one lists all its properties."""
LONGEST_DEFAULT = 10_000
"""Characters in the default of a parameter, as JSON."""
LONGEST_TAG = 100_000
"""Characters in the value of a tag."""
LONGEST_DIGEST = 500
"""Characters in the digest of a dataset, and in its context."""
LONGEST_STATUS = 100
LONGEST_SOURCE = 2_000
"""Characters in the address of a model's files."""


class Unlockable(Invalid):
    """The registry has the version, and a fact of it cannot be locked exactly."""


def exact(value: object, most: int, what: str, server: str) -> str:
    """The text as the registry has it, character by character.

    Raises Unlockable for more than ``most`` characters, and for half of a character (a lone
    surrogate), which no file could hold.
    """
    text = value if isinstance(value, str) else str(value)
    if len(text) > most:
        raise Unlockable(
            f"{what} has {len(text)} characters; at most {most} are allowed: "
            f"{plain_line(text, 60)!r}",
            where=server,
            fix=f"shorten {what} in the registry or in the model; facts are never cut",
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Unlockable(
            f"{what} is not valid Unicode: {plain_line(ascii(text), 60)}",
            where=server,
            fix=f"correct {what} in the registry or in the model",
        ) from error
    return text


def bounded(items: Sized, most: int, what: str, server: str, fix: str) -> None:
    """Raise Unlockable where there are more than ``most`` items."""
    if len(items) > most:
        raise Unlockable(
            f"the version has {len(items)} {what}; at most {most} are allowed",
            where=server,
            fix=f"{fix}; facts are never cut",
        )

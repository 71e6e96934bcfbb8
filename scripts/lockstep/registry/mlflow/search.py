"""The versions of a model as MLflow lists them, page by page."""

import re
from collections.abc import Iterator
from typing import Any

from lockstep.model.errors import LockstepError
from lockstep.registry.mlflow.client import Connection
from lockstep.registry.mlflow.facts import is_archived
from lockstep.registry.newest import Registered
from lockstep.text.sanitise import plain_line

_PAGE = 200
"""Versions that are asked for at once."""
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


def newest_first(connection: Connection, model: str) -> Iterator[Registered]:
    """The versions of a registered model from the highest number down, read as they are needed.

    None where there is no such model. Raises LockstepError where the registry lists them in another
    order: the highest might then be on any page.
    """
    below: int | None = None
    for each in list_versions(connection, model):
        number = _number(each, model, connection)
        if below is not None and number >= below:
            raise _unusable(f"{number} after {below}, and not the newest first", connection)
        below = number
        yield Registered(number, dict(each.tags), _problem(each))


def list_versions(connection: Connection, model: str) -> Iterator[Any]:
    """The versions of a registered model as MLflow's client gives them, read as they are needed.

    It is asked for the newest first. None where there is no such model.
    """
    # In a filter, a quote would end the name.
    if "'" in model:
        return
    token = None
    while True:
        page = connection.client.search_model_versions(
            f"name='{model}'", max_results=_PAGE, order_by=["version_number DESC"],
            page_token=token,
        )  # fmt: skip
        yield from page
        token = page.token
        # A page without versions ends it, too: a server could go on with such pages for ever.
        if not token or not page:
            return


def _number(version: Any, model: str, connection: Connection) -> int:
    name, number = str(version.name), str(version.version)
    if name != model or not _NUMBER.fullmatch(number):
        raise _unusable(f"{plain_line(name, 60)!r} {plain_line(number, 60)!r}", connection)
    return int(number)


def _unusable(listed: str, connection: Connection) -> LockstepError:
    return LockstepError(
        f"the registry's list of versions cannot be used: it has {listed}",
        where=connection.server,
        fix="name the version: lockstep propose FAMILY VERSION",
    )


def _problem(version: Any) -> str:
    """Why a version may not serve; empty where it may."""
    if is_archived(version):
        return "is archived"
    status = str(version.status)
    return "" if status == "READY" else f"is not ready ({plain_line(status, 60)})"

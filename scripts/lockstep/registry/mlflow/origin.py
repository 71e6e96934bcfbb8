"""Where a version came from: the version that it copies, its logged model, its run.

Each can be removed from the registry while the version and its files stay: runs by a clean-up
(``mlflow gc``), logged models and the versions that were copied by people. That is a fact about
the version, and never another identity. What only the removed part could say is then as an
existing lock has it; a new lock cannot be written, because it would lack facts.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from lockstep.model.document import Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.registry_variables import URI_VARIABLE
from lockstep.registry.limits import LONGEST_SOURCE, MOST_COPIES, Unlockable, exact
from lockstep.registry.mlflow.client import Connection, is_absent
from lockstep.registry.mlflow.download import LOGGED_MODEL, VERSION
from lockstep.text.sanitise import plain_line

T = TypeVar("T")

_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

RUN, LOGGED, COPIED = "run", "loggedModel", "copiedFrom"


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """A version as MLflow has it, and where it came from.

    ``known`` is the ``spec`` of the lock that there is; ``run`` and ``logged`` are objects of
    MLflow's, None where there is none or no longer one. ``removed`` names what the registry has
    removed, and ``lost`` what of that it cannot show any more: it shows a run that was deleted,
    until a clean-up purges it.
    """

    version: Any
    source: str
    copied_from: str | None
    run_id: str | None
    run: Any = None
    logged: Any = None
    removed: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    known: Json = None

    @property
    def model_id(self) -> str | None:
        """The id of the logged model, which its source names; None where there is none."""
        match = LOGGED_MODEL.fullmatch(self.source)
        return match[1] if match else None

    def kept(self, fact: str) -> list[Json]:
        """The items of a fact that the known lock has; it may have been edited into any shape."""
        items = value_at(self.known, ("facts", fact))
        return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []


def find_origin(connection: Connection, model: str, version: str, known: Json) -> FoundVersion:
    """The version and where it came from.

    Raises Unlockable where a part of it was removed and ``known``, the ``spec`` of a lock of this
    version or None, does not have its facts.
    """
    found = connection.client.get_model_version(model, version)
    # A proxy that answers about another version would have its digest locked.
    if str(found.name) != model or str(found.version) != version:
        raise LockstepError(
            f"asked for version {version} of {model}, the registry answered about another",
            where=connection.server,
            fix=f"check that {URI_VARIABLE} is the address of MLflow itself",
        )
    source, copied_from, removed = _source(connection, found, known)
    match = LOGGED_MODEL.fullmatch(source)
    logged = None
    if match:
        model_id = match[1]
        logged = _unless_absent(lambda: connection.client.get_logged_model(model_id))
        if logged is None:
            _need_known(connection, found, known, "modelId", model_id, "logged model")
            removed |= {LOGGED}
    run_id = _run_id(connection, found, logged, known)
    run = _unless_absent(lambda: connection.client.get_run(run_id)) if run_id else None
    lost = removed
    if run_id and run is None:
        _need_known(connection, found, known, "run", run_id, "run")
        lost |= {RUN}
    if run_id and (run is None or str(run.info.lifecycle_stage) == "deleted"):
        removed |= {RUN}
    return FoundVersion(found, source, copied_from, run_id, run, logged, removed, lost, known)


def _unless_absent(question: Callable[[], T]) -> T | None:
    """What the registry answers; None where it answers that there is no such thing."""
    try:
        return question()
    except Exception as error:
        if is_absent(error):
            return None
        raise


def _source(
    connection: Connection, found: Any, known: Json
) -> tuple[str, str | None, frozenset[str]]:
    """Where the version came from in the end, the version that it is a copy of, if any, and
    whether a version in between was removed.
    """
    server = connection.server
    copied_from: str | None = None
    seen = {(str(found.name), str(found.version))}
    source = exact(found.source, LONGEST_SOURCE, "the source of the version", server)
    # MLflow names the version that was copied as the source of the copy.
    while copy := VERSION.fullmatch(source):
        copied_from = copied_from or source
        if copy.groups() in seen or len(seen) > MOST_COPIES:
            raise Unlockable(
                f"version {found.version} of {found.name} is a copy in an endless chain of copies",
                where=server,
                fix="register the model again from its run",
            )
        seen.add((copy[1], copy[2]))
        ask = functools.partial(connection.client.get_model_version, *copy.groups())
        before = _unless_absent(ask)
        if before is None:
            if value_at(known, ("facts", "lineage", "copiedFrom")) != copied_from:
                _refuse(connection, found, f"the version {source} that it was copied from")
            return str(value_at(known, ("identity", "source"))), copied_from, frozenset((COPIED,))
        source = exact(before.source, LONGEST_SOURCE, f"the source of {source}", server)
    return source, copied_from, frozenset()


def _run_id(connection: Connection, found: Any, logged: Any, known: Json) -> str | None:
    """The run that the version or its logged model names; of a removed logged model, the locked."""
    run_id = str(found.run_id or (logged.source_run_id if logged else "") or "")
    if not run_id and logged is None:
        run_id = str(value_at(known, ("identity", "run")) or "")
    # The registry says the id, so its form is checked before it goes into a request.
    if run_id and not _RUN.fullmatch(run_id):
        raise Unlockable(
            f"the id of the run, {plain_line(run_id, 60)!r}, does not have the form of one",
            where=connection.server,
            fix="register the version again, with the id of its run",
        )
    return run_id or None


def _need_known(
    connection: Connection, found: Any, known: Json, key: str, value: str, what: str
) -> None:
    if value_at(known, ("identity", key)) != value:
        _refuse(connection, found, f"the {what} {value} that it came from")


def _refuse(connection: Connection, found: Any, what: str) -> NoReturn:
    raise Unlockable(
        f"version {found.version} of {plain_line(found.name, 60)} cannot be locked: the registry "
        f"does not have {what}, so its datasets and metrics are unknown",
        where=connection.server,
        fix="restore it in the registry, or register a new version from a run that is kept",
    )

"""The versions of a model that may be copies of a version that is known by its lock.

What the registry says of a version is only a hint: whoever may register a version may also write
its tags and its source. So a hint selects the few whose content is then compared.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from lockstep.model.document import Json, value_at
from lockstep.model.errors import Invalid
from lockstep.registry.base import RegisteredCopy
from lockstep.registry.limits import MOST_COPIES, MOST_MODELS, MOST_VERSIONS
from lockstep.registry.mlflow.client import Connection
from lockstep.registry.mlflow.download import LOGGED_MODEL, VERSION
from lockstep.registry.mlflow.search import list_versions
from lockstep.text.sanitise import plain_line

DIGEST_TAG = "lockstep.digest"
"""The tag of a version that says the digest of its content, as a lock holds it."""


def find_copies(connection: Connection, model: str, identity: Json) -> list[RegisteredCopy]:
    """The versions of ``model`` that say that they have the content of a lock's ``identity``.

    Raises Invalid where the model has more versions than can be looked at: a second copy could
    be among the others.
    """
    chains = _Chains(connection, identity)
    found = []
    for version in _versions(connection, model):
        if hint := chains.hint(version):
            found.append(RegisteredCopy(plain_line(version.version, 60), hint))
    return found


def _versions(connection: Connection, model: str) -> Iterator[Any]:
    """The versions of a model, the newest first."""
    for seen, version in enumerate(list_versions(connection, model), start=1):
        if seen > MOST_VERSIONS:
            raise Invalid(
                f"{plain_line(model, 60)} has more than {MOST_VERSIONS} versions, so they are not "
                "searched for a copy",
                where=connection.server,
                fix="name the version to promote",
            )
        if str(version.name) == model:
            yield version


class _Chains:
    """What the versions of a registry say of where they come from, compared with one identity."""

    def __init__(self, connection: Connection, identity: Json) -> None:
        self._connection = connection
        self._digest = value_at(identity, ("digest",))
        self._ends = {str(value_at(identity, ("source",)))}
        name, number = (value_at(identity, (key,)) for key in ("model", "version"))
        self._ends.add(f"models:/{name}/{number}")
        self._model_id = value_at(identity, ("modelId",))
        self._sources: dict[str, dict[str, str]] = {}

    def hint(self, version: Any) -> str:
        """Why a version may be a copy; empty where nothing says so."""
        if f"models:/{version.name}/{version.version}" in self._ends:
            return "it has the same name and number"
        logged = LOGGED_MODEL.fullmatch(str(version.source))
        model_id = str(getattr(version, "model_id", "") or (logged[1] if logged else ""))
        if self._model_id and model_id == self._model_id:
            return "it is of the same logged model"
        if self._comes_from(str(version.source)):
            return "it is a copy"
        if dict(version.tags or {}).get(DIGEST_TAG) == self._digest:
            return f"its tag {DIGEST_TAG} says so"
        return ""

    def _comes_from(self, source: str) -> bool:
        """Whether a chain of copies leads from a source to the one that is wanted."""
        seen: set[str] = set()
        while source not in self._ends:
            copied = VERSION.fullmatch(source)
            if not copied or source in seen or len(seen) > MOST_COPIES:
                return False
            seen.add(source)
            before = self._source_of(copied[1], copied[2])
            if before is None:
                return False
            source = before
        return True

    def _source_of(self, model: str, version: str) -> str | None:
        """The source of a version that was copied; None where it was removed, or is one of too many
        models: then no chain is found, and nothing is promoted that nobody names.
        """
        if model not in self._sources:
            if len(self._sources) == MOST_MODELS:
                return None
            # All of a model at once: each version of the target may be a copy of another one there.
            listed = islice(list_versions(self._connection, model), MOST_VERSIONS)
            sources = {str(each.version): str(each.source) for each in listed if each.name == model}
            self._sources[model] = sources
        return self._sources[model].get(version)

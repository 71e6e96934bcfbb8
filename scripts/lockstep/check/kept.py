"""What is kept in the user's cache: of families, and the folders of environments, under keys."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from lockstep.check.family_values import FamilyResult, FolderClaims
from lockstep.check.summary import FamilySummary
from lockstep.check.units import Unit
from lockstep.edges.cache import Cache
from lockstep.edges.content_key import key_of
from lockstep.model.outcome import POLICY_ERROR
from lockstep.render.folder import RenderedFolder

Name = TypeVar("Name")

Keys = Mapping[Unit, str]
"""The key of each family."""


class KeptParts:
    """Reads and writes what is kept of a check; what cannot be read is worked out again."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def summaries(self, keys: Keys) -> dict[Unit, FamilySummary]:
        """The summaries that are kept under these keys."""
        return self._read("summary", keys, FamilySummary)

    def claims(self, keys: Keys) -> dict[Unit, FolderClaims]:
        """The claims that are kept under these keys."""
        return self._read("claims", keys, FolderClaims)

    def results(self, keys: Keys) -> dict[Unit, FamilyResult]:
        """The results that are kept under these keys."""
        return self._read("result", keys, FamilyResult)

    def environments(self, keys: Mapping[str, str]) -> dict[str, Sequence[RenderedFolder]]:
        """The folders of environments and their tenants that are kept under these keys."""
        return self._read("environment", keys, list[RenderedFolder])

    def keep_summaries(self, keys: Keys, made: Mapping[Unit, FamilySummary]) -> None:
        """Keep summaries."""
        self._write("summary", keys, made)

    def keep_claims(self, keys: Keys, made: Mapping[Unit, FolderClaims]) -> None:
        """Keep claims."""
        self._write("claims", keys, made)

    def keep_results(self, keys: Keys, made: Mapping[Unit, FamilyResult]) -> None:
        """Keep results, apart from those that depend on more than their key says.

        What commits did to records is not in it, and what could not be evaluated is tried again.
        """
        sure = {
            unit: result
            for unit, result in made.items()
            if not result.asked_history
            and not any(each.finding.rule == POLICY_ERROR for each in result.denied)
        }
        self._write("result", keys, sure)

    def keep_environments(
        self, keys: Mapping[str, str], made: Mapping[str, Sequence[RenderedFolder]]
    ) -> None:
        """Keep the folders of environments."""
        self._write("environment", keys, made)

    def _read(self, kind: str, keys: Mapping[Name, str], form: Any) -> dict[Name, Any]:
        named = {name: key_of(kind, key) for name, key in keys.items()}
        kept = self._cache.get_many(list(named.values()))
        decoder = msgspec.json.Decoder(form)
        found = {}
        for name, kept_as in named.items():
            if data := kept.get(kept_as):
                try:
                    found[name] = decoder.decode(data)
                except msgspec.MsgspecError:  # the cache may hold anything
                    continue
        return found

    def _write(self, kind: str, keys: Mapping[Name, str], made: Mapping[Name, object]) -> None:
        entries = {}
        for name, value in made.items():
            try:
                entries[key_of(kind, keys[name])] = msgspec.json.encode(value)
            except (msgspec.MsgspecError, UnicodeError, TypeError):  # half of a surrogate pair
                continue
        self._cache.put_many(entries)

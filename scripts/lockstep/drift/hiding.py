"""What a report shows of live values: they may hold what nobody meant for a report."""

import json
import re

from lockstep.differences.fields import FieldDifference
from lockstep.differences.secrets import SecretKinds
from lockstep.model.differences import LONGEST_PATH, LONGEST_VALUE
from lockstep.model.document import Json
from lockstep.model.drift import DriftField
from lockstep.text.sanitise import bare_address, cut, plain_line, shorten

_SENSITIVE = re.compile(r"(?i)passw|secret|token|credential|api_?key|private|auth")
_TEXT = 300
MOST_FIELDS = 100
"""Of one object; an object that differs in more is replaced as a whole."""


class Hiding:
    """Makes fields and texts of live objects safe to show."""

    def __init__(self, secrets: SecretKinds) -> None:
        self._secrets = secrets

    def field(self, found: FieldDifference, *, addresses: bool = False) -> DriftField:
        """A difference as it is shown.

        Of what git does not say, only numbers and the names of versions are shown: anything else
        that a person has added could be a secret. ``addresses`` has ids and addresses shown.
        """
        path = shorten(self._secrets.hidden(found.path, runs=not addresses), LONGEST_PATH)
        git = self._bounded(found.before, addresses)
        if found.after is not None and self._is_hidden(found):
            return DriftField(path, git, None, hidden=True)
        return DriftField(path, git, self._bounded(found.after, addresses))

    def text(self, said: object) -> str:
        """A text of a server on one line, without what looks like a secret."""
        line = plain_line(bare_address(str(said)), _TEXT)
        return str(self._secrets.hidden(line, runs=False))

    def _is_hidden(self, found: FieldDifference) -> bool:
        names = " ".join(str(part) for part in found.pointer)
        if _SENSITIVE.search(names):
            return not isinstance(found.after, bool | int)
        if found.before is None:
            return not _is_harmless(found.after, found)
        return False

    def _bounded(self, value: Json, addresses: bool) -> Json:
        value = self._secrets.hidden(value, runs=not addresses)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text = bare_address(text) if isinstance(value, str) else text
        if len(text) > LONGEST_VALUE:
            return cut(text, LONGEST_VALUE)
        return text if isinstance(value, str) else value


_ROUTES = frozenset({"http", "tcp", "subsets", "hosts", "gateways", "source", "destination"})


def _is_harmless(value: Json, found: FieldDifference) -> bool:
    """Numbers, and what routes and Applications are made of."""
    if isinstance(value, bool | int | float):
        return True
    return bool(_ROUTES.intersection(map(str, found.pointer[1:2]))) and "headers" not in map(
        str, found.pointer
    )

"""JSON from servers, read strictly: what two readers could understand differently is refused."""

import json
from collections.abc import Iterable

from msgspec import DecodeError
from msgspec import json as exact

from lockstep.model.document import Json


def decode(body: bytes) -> Json:
    """The value of a JSON text in UTF-8.

    Raises ValueError, which quotes nothing, for text that is not JSON: NaN, infinite and absurdly
    large numbers, keys that are there twice, half characters and endless nesting included.
    """
    try:
        exact.decode(body)  # refuses all of these but double keys; Python's own reader allows some
        return json.loads(body, object_pairs_hook=_once)
    except DecodeError:
        raise ValueError("it is not valid JSON") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _once(pairs: Iterable[tuple[str, Json]]) -> Json:
    found: Json = {}
    for key, value in pairs:
        if key in found:
            raise ValueError("it has the same key twice in one object")
        found[key] = value
    return found

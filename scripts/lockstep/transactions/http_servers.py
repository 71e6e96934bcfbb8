"""The servers that gates of the source http-json may ask: those that the followed tip lists."""

from collections.abc import Mapping

import msgspec

from lockstep.gate_sources.http_json import HttpJsonGates, HttpServer
from lockstep.gate_sources.http_json.servers import FILE
from lockstep.model.errors import LockstepError
from lockstep.policy.thresholds import threshold_values
from lockstep.transactions.snapshot import Snapshot


def http_gates(snapshot: Snapshot) -> HttpJsonGates:
    """The gate source for the decisions that are made on a snapshot."""
    return HttpJsonGates(lambda: read_servers(snapshot.tree.get(FILE, b"")))


def read_servers(data: bytes) -> Mapping[str, HttpServer]:
    """The servers by name. Raises LockstepError where one of them is not well-formed."""
    try:
        found = threshold_values(FILE, data).get("servers", {})
        return msgspec.convert(found, dict[str, HttpServer])
    except ValueError as error:
        fix = "run lockstep check, and fix what it finds in that file"
        raise LockstepError(f"it cannot be read: {error}", where=FILE, fix=fix) from error

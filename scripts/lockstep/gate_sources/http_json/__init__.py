"""The gate source ``http-json``: a value in the JSON answer of any HTTP server.

A gate names a server that ``policies/data/http.yaml`` lists, and never an address: so a spec can
send nothing, and no secret, to a host that the organisation does not know.
"""

from lockstep.gate_sources.http_json.servers import HttpServer
from lockstep.gate_sources.http_json.source import HttpJsonGates

__all__ = ["HttpJsonGates", "HttpServer"]

# METADATA
# title: Routes
# description: The routes of a VirtualService.
package lockstep.lib.routes

# METADATA
# title: Protocols
# description: >-
#   The fields of a VirtualService that hold routes. Lockstep renders no routes for TLS, which would have
#   to be chosen by the name in the certificate's request.
protocols := ["http", "tcp"]

# METADATA
# title: Name of a route
# description: >-
#   Its own, or else its index. Routes of TCP have no names: they are named by the port that they match.
name(route, protocol, i) := object.get(route, "name", i) if protocol == "http"

name(route, protocol, i) := object.get(route, ["match", 0, "port"], i) if protocol != "http"

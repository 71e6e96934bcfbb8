# METADATA
# title: Subsets and routes agree
# description: >-
#   Each subset that a route leads to is declared by a DestinationRule for the same host; otherwise
#   Istio answers every request of the route with 503. Each declared subset has a route, unless its
#   version has no weight.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: subsets-routed
#   category: traffic
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: false
#   reads: [VirtualService, DestinationRule]
package lockstep.rules.subsets_routed

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.routes

checked if {
	cluster.readable
	is_array(input.rendered.VirtualService)
	is_array(input.rendered.DestinationRule)
	every manifest in array.concat(input.rendered.VirtualService, input.rendered.DestinationRule) {
		is_string(manifest.metadata.name)
		is_object(manifest.spec)
	}
}

_declared contains [manifest.spec.host, subset.name] if {
	some manifest in input.rendered.DestinationRule
	some subset in manifest.spec.subsets
}

# Each reference to a subset: name of the object, name of the route, path, destination.
_named contains [manifest.metadata.name, routes.name(route, protocol, i), path, place.destination] if {
	some manifest in input.rendered.VirtualService
	some protocol in routes.protocols
	some i, route in manifest.spec[protocol]
	some field in ["route", "mirrors"]
	some k, place in route[field]
	place.destination.subset
	path := ["spec", protocol, i, field, k, "destination", "subset"]
}

_named contains [manifest.metadata.name, routes.name(route, "http", i), path, route.mirror] if {
	some manifest in input.rendered.VirtualService
	some i, route in manifest.spec.http
	route.mirror.subset
	path := ["spec", "http", i, "mirror", "subset"]
}

_routed contains [destination.host, destination.subset] if some [_, _, _, destination] in _named

# The hosts with an undeclared subset. An unrouted subset there is most likely the same subset under
# a wrong name, and is not reported again.
_incomplete contains destination.host if {
	some [_, _, _, destination] in _named
	not [destination.host, destination.subset] in _declared
}

# METADATA
# title: Undeclared subset
# custom:
#   message: route %s leads to subset %s, but no DestinationRule declares it for host %s
#   solution: declare the subset in a DestinationRule for that host, or remove the destination
deny contains finding.of_object(
	rego.metadata.rule(), "VirtualService", name, path,
	[route, destination.subset, destination.host],
) if {
	some [name, route, path, destination] in _named
	not [destination.host, destination.subset] in _declared
}

_is_idle(subset) if {
	weights := [variant.weight |
		some variant in input.new.spec.variants
		variant.version == subset.labels["lockstep.dev/version"]
	]
	count(weights) > 0
	sum(weights) == 0
}

# METADATA
# title: Subset without a route
# custom:
#   message: no route leads to subset %s of host %s, although its version has weight or is unknown
#   solution: add a route to the subset, or give its version weight 0 in spec.variants
deny contains finding.of_object(
	rego.metadata.rule(), "DestinationRule", manifest.metadata.name, ["spec", "subsets", i, "name"],
	[subset.name, manifest.spec.host],
) if {
	some manifest in input.rendered.DestinationRule
	some i, subset in manifest.spec.subsets
	not [manifest.spec.host, subset.name] in _routed
	not manifest.spec.host in _incomplete
	not _is_idle(subset)
}

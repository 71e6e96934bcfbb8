# METADATA
# title: Route of a learning arm
# description: >-
#   Only requests that are meant for it reach an arm that learns from live data: by routes of its
#   own, each with a match on a header, never by the weighted route of everybody and never as a copy
#   of what others get. So its subset is no other variant's: one version cannot be in such an arm
#   and in another variant of the cluster.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: feedback-route
#   category: feedback
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
#   reads: [VirtualService, DestinationRule]
package lockstep.rules.feedback_route

import data.lockstep.lib.cluster
import data.lockstep.lib.experiments
import data.lockstep.lib.finding
import data.lockstep.lib.variants

# Where there are routes, the subsets of every learning arm that gets traffic must be known. A version
# that is no number has none that could be told by its label, and another rule refuses it.
checked if {
	cluster.readable
	is_array(input.rendered.VirtualService)
	is_array(input.rendered.DestinationRule)
	every manifest in input.rendered.VirtualService {
		is_string(manifest.metadata.name)
		is_array(manifest.spec.http)
	}
	every variant in _learning {
		_is_told(variant)
	}
}

_is_told(variant) if _subsets[variant.version]

_is_told(variant) if variant.weight == 0

_is_told(_) if count(input.rendered.VirtualService) == 0

_is_told(variant) if not variants.is_plain(variant.version)

# By its place among the variants. Most clusters have none, and then no manifest is looked at.
_learning[i] := variant if {
	input.new.spec.experiments
	some i, variant in input.new.spec.variants
	experiments.learns_live(input.new.spec, variant)
}

_sharers[i] contains other.name if {
	some i, arm in _learning
	some j, other in input.new.spec.variants
	j != i
	other.version == arm.version
}

_subsets[version] contains subset.name if {
	some manifest in input.rendered.DestinationRule
	some subset in manifest.spec.subsets
	version := subset.labels["lockstep.dev/version"]
}

# The arm whose subset it is. Of a version that is shared another denial speaks.
_arm_of[subset] := arm.name if {
	some i, arm in _learning
	not _sharers[i]
	some subset in _subsets[arm.version]
}

# Where each route sends requests: for each path below the route the name of the subset.
_destinations(route) := object.union_n([
	{["route", i, "destination", "subset"]: _subset(place.destination) |
		some i, place in route.route
	},
	{["mirrors", i, "destination", "subset"]: _subset(place.destination) |
		some i, place in route.mirrors
	},
	{["mirror", "subset"]: _subset(route.mirror) | route.mirror},
])

_subset(destination) := object.get(destination, "subset", "")

_has_match(route) if {
	count(route.match) > 0
	every match in route.match {
		count(match.headers) > 0
	}
}

# Each place that sends requests to a learning arm: object, route with its index, path, arm, and the
# other subsets of the route.
_reached contains [manifest.metadata.name, i, route, path, _arm_of[subset], others] if {
	count(_arm_of) > 0
	some manifest in input.rendered.VirtualService
	some i, route in manifest.spec.http
	destinations := _destinations(route)
	some path, subset in destinations
	others := {other | some other in destinations; _arm(other) != _arm_of[subset]}
}

_arm(subset) := object.get(_arm_of, subset, "")

# METADATA
# title: A version in two places
# custom:
#   message: arm %s learns from live data and has version %s, as %s has
#   solution: register what the arm learns as a version of its own
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "version"],
	[arm.name, arm.version, others],
) if {
	some i, others in _sharers
	arm := _learning[i]
}

# METADATA
# title: A shared route
# custom:
#   message: route %s sends requests to arm %s, which learns from live data, and to subsets %s
#   solution: give the arm a route of its own, with a match, and leave it out of all others
deny contains finding.of_object(
	rego.metadata.rule(),
	"VirtualService",
	name,
	array.concat(["spec", "http", i], path),
	[object.get(route, "name", i), arm, others],
) if {
	some [name, i, route, path, arm, others] in _reached
	count(others) > 0
}

# METADATA
# title: A route for everybody
# custom:
#   message: route %s leads to arm %s, which learns from live data, and matches %s
#   solution: let the route match on a request header in each of its matches
deny contains finding.of_object(
	rego.metadata.rule(),
	"VirtualService",
	name,
	array.concat(["spec", "http", i], path),
	[object.get(route, "name", i), arm, object.get(route, "match", "everything")],
) if {
	some [name, i, route, path, arm, others] in _reached
	count(others) == 0
	not _has_match(route)
}

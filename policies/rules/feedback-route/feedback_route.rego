# METADATA
# title: Route of a learning arm
# description: >-
#   Only requests that are selected for it reach an arm that learns from live data: by routes of its
#   own, each with a match on a header, never by the weighted route for all requests and never as a
#   mirror of other traffic. Subsets are per version, so the arm's version is in no other variant of
#   the cluster.
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

# Where there are routes, the subset of every learning arm with traffic must be known. A version that
# is not a number has no subset label; version-pinned denies it.
checked if {
	cluster.readable
	is_array(input.rendered.VirtualService)
	is_array(input.rendered.DestinationRule)
	every manifest in input.rendered.VirtualService {
		is_string(manifest.metadata.name)
		is_array(manifest.spec.http)
	}
	every variant in _learning {
		_has_known_subset(variant)
	}
}

_has_known_subset(variant) if _subsets[variant.version]

_has_known_subset(variant) if variant.weight == 0

_has_known_subset(_) if count(input.rendered.VirtualService) == 0

_has_known_subset(variant) if not variants.is_plain(variant.version)

# By the index of the variant. Most clusters have no such arm, and then OPA reads no manifest.
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

# The arm that a subset belongs to. A shared version is left out: the first denial reports it.
_arm_of[subset] := arm.name if {
	some i, arm in _learning
	not _sharers[i]
	some subset in _subsets[arm.version]
}

# The subsets that a route sends requests to, by the path below the route.
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

# Each destination that is a learning arm: name of the object, index of the route, route, path, arm,
# and the other subsets of the route.
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
# title: Version of the arm in another variant
# custom:
#   message: arm %s learns from live data and has version %s, which %s also has
#   solution: register the arm's model as a separate version
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
#   solution: give the arm a route of its own with a match, and remove it from all other routes
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
# title: A route without a header match
# custom:
#   message: route %s leads to arm %s, which learns from live data, and matches %s
#   solution: add a request header to each match of the route
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

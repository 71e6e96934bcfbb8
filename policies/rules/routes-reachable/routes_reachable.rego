# METADATA
# title: Routes are reachable
# description: >-
#   Each route of a host can get requests: none comes after a route that matches everything, no two
#   match the same requests, and the weights of a route's destinations add up to 100. Istio uses the
#   first route that matches, and sends everything to a single destination whatever its weight is. The
#   weights count for routes of TCP, too.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: routes-reachable
#   category: traffic
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
#   reads: [VirtualService]
package lockstep.rules.routes_reachable

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.routes
import data.lockstep.lib.variants

checked if {
	cluster.readable
	is_array(input.rendered.VirtualService)
	every host in input.rendered.VirtualService {
		is_string(host.metadata.name)
		is_object(host.spec)
	}
}

# One line per bucket, so that one search finds all that a pattern matches. A constant, because OPA
# would compute a generated list again for each cluster.
_buckets := concat("\n", [
	"0\n1\n2\n3\n4\n5\n6\n7\n8\n9",
	"10\n11\n12\n13\n14\n15\n16\n17\n18\n19",
	"20\n21\n22\n23\n24\n25\n26\n27\n28\n29",
	"30\n31\n32\n33\n34\n35\n36\n37\n38\n39",
	"40\n41\n42\n43\n44\n45\n46\n47\n48\n49",
	"50\n51\n52\n53\n54\n55\n56\n57\n58\n59",
	"60\n61\n62\n63\n64\n65\n66\n67\n68\n69",
	"70\n71\n72\n73\n74\n75\n76\n77\n78\n79",
	"80\n81\n82\n83\n84\n85\n86\n87\n88\n89",
	"90\n91\n92\n93\n94\n95\n96\n97\n98\n99",
])

_matches_all(route) if count(object.get(route, "match", [])) == 0

_matches_all(route) if {
	some match in route.match
	_is_any(match)
}

_is_any(match) if count(object.remove(match, ["name"])) == 0

_is_any(match) if object.remove(match, ["name"]) == {"uri": {"prefix": "/"}}

# The first route of an object that matches everything.
_end(host) := min([i |
	some i, route in host.spec.http
	_matches_all(route)
])

# METADATA
# title: Route after one that matches everything
# custom:
#   message: route %s comes after route %s, which matches every request
#   solution: move the routes with conditions before the one without, or remove one of them
deny contains finding.of_object(
	rego.metadata.rule(), "VirtualService", host.metadata.name, ["spec", "http", i],
	[routes.name(route, "http", i), routes.name(host.spec.http[end], "http", end)],
) if {
	some host in input.rendered.VirtualService
	end := _end(host)
	some i, route in host.spec.http
	i > end
}

# The requests that two conditions both match, for the conditions that can be compared.
_shared(one, other) := object.remove(one, ["name"]) if {
	object.remove(one, ["name"]) == object.remove(other, ["name"])
}

_shared(one, other) := {header: both} if {
	[header, condition] := _single_header(one)
	[other_header, against] := _single_header(other)
	header == other_header
	condition != against
	both := _matched(condition) & _matched(against)
	count(both) > 0
}

# For a match on the value of one header and nothing else.
_single_header(match) := [header, condition] if {
	object.keys(object.remove(match, ["name"])) == {"headers"}
	count(match.headers) == 1
	some header, condition in match.headers
}

# Envoy compares a pattern with the whole value.
_matched(condition) := {bucket |
	some bucket in regex.find_n(pattern, _buckets, -1)
} if {
	pattern := sprintf("(?m)^(?:%s)$", [condition.regex])
}

_matched(condition) := {condition.exact}

# METADATA
# title: Two routes match the same requests
# custom:
#   message: routes %s and %s both match requests with %s
#   solution: make the matches exclude each other; Istio sends all such requests to the first route
deny contains finding.of_object(
	rego.metadata.rule(), "VirtualService", host.metadata.name, ["spec", "http", i, "match"],
	[routes.name(earlier, "http", j), routes.name(route, "http", i), min(shared)],
) if {
	some host in input.rendered.VirtualService
	some i, route in host.spec.http
	not _matches_all(route)
	some j, earlier in host.spec.http
	j < i
	not _matches_all(earlier)
	shared := {common |
		some one in earlier.match
		some other in route.match
		common := _shared(one, other)
	}
	count(shared) > 0
}

# METADATA
# title: Weights of a route
# custom:
#   message: the weights of the destinations of route %s add up to %s; they must add up to 100
#   solution: change the weights of the destinations so that they add up to 100
deny contains finding.of_object(
	rego.metadata.rule(), "VirtualService", host.metadata.name, ["spec", protocol, i, "route"],
	[routes.name(route, protocol, i), total],
) if {
	variants.add_up(input.new.spec.variants) # weights-sum reports other sums
	some host in input.rendered.VirtualService
	some protocol in routes.protocols
	some i, route in host.spec[protocol]
	count(route.route) > 1
	total := sum([object.get(destination, "weight", 0) | some destination in route.route])
	total != 100
}

# METADATA
# title: Weight of a single destination
# custom:
#   message: the only destination of route %s has weight %s, but it gets all requests
#   solution: give the destination weight 100, or remove the route
deny contains finding.of_object(
	rego.metadata.rule(), "VirtualService", host.metadata.name, ["spec", protocol, i, "route", 0],
	[routes.name(route, protocol, i), weight],
) if {
	variants.add_up(input.new.spec.variants)
	some host in input.rendered.VirtualService
	some protocol in routes.protocols
	some i, route in host.spec[protocol]
	count(route.route) == 1
	weight := object.get(route.route[0], "weight", null)
	weight != 100
}

# METADATA
# title: On-call route
# description: >-
#   In production alerts page an on-call engineer: the cluster names the Secret that has the routing
#   key of the on-call team.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: on-call-route
#   category: observability
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.on_call_route

import data.lockstep.lib.finding
import data.lockstep.lib.tier

checked if {
	is_object(_route)
	every part in _route {
		is_string(part)
	}
}

_observability := object.get(input.new.spec, "observability", {})

_route := object.get(_observability, "onCall", {})

# METADATA
# title: No on-call route
# custom:
#   message: spec.observability.onCall is missing; no one is paged by the alerts %s
#   solution: set spec.observability.onCall to the Secret and key that have the team's routing key
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "onCall"],
	[object.get(_observability, "alerts", [])],
) if {
	tier.is_production
	count(_route) == 0
}

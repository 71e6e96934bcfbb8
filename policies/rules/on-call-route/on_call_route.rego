# METADATA
# title: Somebody is called
# description: >-
#   In production pages have somewhere to go: the cluster names the Secret with the routing key of
#   those on call.
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
# title: Nobody is called
# custom:
#   message: spec.observability.onCall is missing, and nobody is called by the alerts %s
#   solution: name in spec.observability.onCall the Secret and the key of the team's routing key
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "onCall"],
	[object.get(_observability, "alerts", [])],
) if {
	tier.is_production
	count(_route) == 0
}

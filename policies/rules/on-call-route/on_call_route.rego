# METADATA
# title: On-call route
# description: >-
#   In production alerts page an on-call engineer: the cluster names the Secret that has the routing
#   key of the on-call team. Where alerts are routed, in every environment, the Secret is one that
#   thresholds.organisation lists for the family or its tenant, so that no family pages the team of another, and
#   no other Secret of the namespace is sent out as a routing key.
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
import data.lockstep.lib.observed
import data.lockstep.lib.tier

checked if {
	is_object(_route)
	every part in _route {
		is_string(part)
	}
	is_string(input.family.metadata.name)
	is_string(input.family.metadata.tenant)
	is_array(_patterns)
}

# The Secrets with routing keys, with {family} and {tenant} for the family's own.
_patterns := object.get(data.thresholds.organisation.secrets, "onCall", [])

_own := [secret |
	some pattern in _patterns
	secret := strings.replace_n(
		{"{family}": input.family.metadata.name, "{tenant}": input.family.metadata.tenant},
		pattern,
	)
]

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

# METADATA
# title: Another Secret
# custom:
#   thresholds: [secrets]
#   message: alerts page with the routing key in Secret %s; the routing keys of this family are in %s
#   solution: >-
#     name one of these Secrets; the owners of the policies list them in thresholds.organisation.secrets.onCall,
#     like pagerduty-{tenant}
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "onCall", "secret"],
	[_route.secret, _own],
) if {
	observed.has("alertmanager")
	not _route.secret in _own
}

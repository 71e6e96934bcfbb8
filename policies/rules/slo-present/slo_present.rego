# METADATA
# title: Service level objective
# description: >-
#   In production a cluster has a service level objective: an availability of at least that in
#   thresholds.slo_present, and a latency with the percentile of requests that meet it. Alerts measure
#   against this objective.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: slo-present
#   category: observability
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.slo_present

import data.lockstep.lib.finding
import data.lockstep.lib.tier

checked if {
	is_number(object.get(_slo, "availability", 100))
	is_number(_least)
}

_slo := object.get(input.new.spec, ["observability", "slo"], {})

_least := data.thresholds.slo_present.production

# METADATA
# title: No objective
# custom:
#   thresholds: [production]
#   message: spec.observability.slo is missing; production requires %s percent availability
#   solution: add spec.observability.slo with availability, latency and percentile
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "slo"],
	[_least],
) if {
	tier.is_production
	not _slo.availability
}

# METADATA
# title: Availability too low
# custom:
#   thresholds: [production]
#   message: the objective is %s percent availability; production requires at least %s
#   solution: raise spec.observability.slo.availability, and run what is needed to meet it
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "slo", "availability"],
	[_slo.availability, _least],
) if {
	tier.is_production
	_slo.availability < _least
}

# METADATA
# title: No latency objective
# custom:
#   message: the objective %s has no %s; slow answers would not violate it
#   solution: add the latency and the percentile of the requests that must meet it
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "slo"],
	[_slo, missing],
) if {
	tier.is_production
	_slo.availability
	missing := [field | some field in ["latency", "percentile"]; not _slo[field]]
	count(missing) > 0
}

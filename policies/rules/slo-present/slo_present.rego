# METADATA
# title: An objective to hold
# description: >-
#   In production a cluster has a service level objective: an availability of at least what
#   thresholds.slo_present asks for, and a latency with the share of requests that keep it. Alerts
#   measure against it.
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
#   message: spec.observability.slo is missing, and production asks for %s percent availability
#   solution: give spec.observability.slo with availability, latency and percentile
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "slo"],
	[_least],
) if {
	tier.is_production
	not _slo.availability
}

# METADATA
# title: Too little availability
# custom:
#   message: the objective is %s percent availability, and production asks for at least %s
#   solution: raise spec.observability.slo.availability, and what is needed to hold it
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "slo", "availability"],
	[_slo.availability, _least],
) if {
	tier.is_production
	_slo.availability < _least
}

# METADATA
# title: No latency
# custom:
#   message: the objective %s has no %s, so that slow answers miss nothing
#   solution: give the latency and the percentile of the requests that keep it
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

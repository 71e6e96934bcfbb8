# METADATA
# title: Alerts and a dashboard
# description: >-
#   In production people are alerted of all that thresholds.alerts_and_dashboard names, and there
#   is a dashboard to look at when that happens. An alert measures against an objective that is
#   written down, wherever it is.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: alerts-and-dashboard
#   category: observability
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.alerts_and_dashboard

import data.lockstep.lib.finding
import data.lockstep.lib.tier

checked if {
	is_array(_alerts)
	is_array(data.thresholds.alerts_and_dashboard.alerts)
}

_observability := object.get(input.new.spec, "observability", {})

_alerts := object.get(_observability, "alerts", [])

# METADATA
# title: Alerts are missing
# custom:
#   message: spec.observability.alerts has %s, and production asks for %s too
#   solution: add the missing kinds to spec.observability.alerts
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "alerts"],
	[_alerts, missing],
) if {
	tier.is_production
	missing := [kind |
		some kind in data.thresholds.alerts_and_dashboard.alerts
		not kind in _alerts
	]
	count(missing) > 0
}

# METADATA
# title: No dashboard
# custom:
#   message: spec.observability.dashboard is missing, beside %s
#   solution: give the uid of the Grafana dashboard on which the cluster is seen
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "dashboard"],
	[object.keys(_observability)],
) if {
	tier.is_production
	not _observability.dashboard
}

# What an alert is measured against, in spec.observability.
_objective := {"burn-rate": ["slo", "availability"], "latency": ["slo", "latency"]}

# METADATA
# title: An alert of nothing
# custom:
#   message: the alert %s measures against %s of spec.observability, which is missing
#   solution: give the objective, or take the alert away
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "alerts", i],
	[kind, concat(".", path)],
) if {
	not tier.is_production # there slo-present asks for the whole objective
	some i, kind in _alerts
	path := _objective[kind]
	object.get(_observability, path, null) == null
}

# METADATA
# title: Alerts and a dashboard
# description: >-
#   In production a cluster has every kind of alert that thresholds.alerts_and_dashboard lists, and a
#   dashboard that shows the on-call engineer what is wrong. In every environment an alert needs the
#   objective that it measures against, and one on accuracy or drift the metric that it is about.
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
# title: Missing alerts
# custom:
#   thresholds: [alerts]
#   message: spec.observability.alerts has %s; production also requires %s
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
#   message: spec.observability.dashboard is missing; spec.observability has only %s
#   solution: set spec.observability.dashboard in family.yaml to a uid; the dashboard of the family is rendered with it
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "dashboard"],
	[object.keys(_observability)],
) if {
	tier.is_production
	not _observability.dashboard
}

# What an alert measures against, in the spec. An alert on skew measures against the family's own field.
_objectives := {
	"burn-rate": [["observability", "slo", "availability"]],
	"latency": [["observability", "slo", "latency"], ["observability", "slo", "percentile"]],
	"cost": [["cost", "monthly"]],
}

# The metric that an alert is about, which no proxy counts.
_metrics := {"accuracy", "drift"}

# METADATA
# title: An alert without an objective
# custom:
#   message: the alert %s measures against the field %s, which is missing
#   solution: add the objective, or remove the alert
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "alerts", i],
	[kind, concat(".", array.concat(["spec"], path))],
) if {
	not tier.is_production # in production slo-present and cost-declared require the objectives
	some i, kind in _alerts
	some path in _objectives[kind]
	object.get(input.new.spec, path, null) == null
}

# METADATA
# title: An alert without a metric
# custom:
#   message: no metric is named for the alert %s; spec.observability has only %s
#   solution: >-
#     name the metric of Prometheus under spec.observability, in the field that is called like the alert, or
#     remove the alert
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "alerts", i],
	[kind, object.keys(_observability)],
) if {
	some i, kind in _alerts
	kind in _metrics
	not is_string(object.get(_observability, [kind, "metric"], null))
}

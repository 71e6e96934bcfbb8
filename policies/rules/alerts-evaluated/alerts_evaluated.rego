# METADATA
# title: Alerts that something evaluates
# description: >-
#   Where the environment says how it is observed, each alert of a cluster has what evaluates it:
#   skew needs a Prometheus that sees all regions, and cost the costs of OpenCost. A dashboard and an
#   on-call route have what shows and sends them. In production, production-monitored requires the parts for
#   dashboards and on-call routes once for the whole environment.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: alerts-evaluated
#   category: observability
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.alerts_evaluated

import data.lockstep.lib.finding
import data.lockstep.lib.observed
import data.lockstep.lib.tier

checked if {
	is_object(_observability)
	is_array(object.get(_observability, "alerts", []))
	is_string(_environment)
	observed.is_readable
}

_observability := object.get(input.new.spec, "observability", {})

_environment := input.environment.metadata.name

# Where the environment says nothing, production-monitored reports that once.
_lacks(part) if {
	observed.is_declared
	not observed.has(part)
}

# METADATA
# title: A skew alert that no Prometheus can evaluate
# custom:
#   message: >-
#     nothing evaluates the alert %s: the Prometheus of a region never sees the other regions, and spec.observability of
#     environment %s has no destination
#   solution: >-
#     set spec.observability.destination in environment.yaml to the Kubernetes cluster whose Prometheus sees
#     all regions, or remove the alert
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "alerts", i],
	[alert, _environment],
) if {
	_lacks("destination")
	some i, alert in _observability.alerts
	alert == "skew"
}

# METADATA
# title: A cost alert without costs
# custom:
#   message: >-
#     nothing evaluates the alert %s: spec.observability of environment %s has no cost, so no series has
#     the costs of the pods
#   solution: set spec.observability.cost in environment.yaml where OpenCost runs, or remove the alert
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "alerts", i],
	[alert, _environment],
) if {
	_lacks("cost")
	some i, alert in _observability.alerts
	alert == "cost"
}

# METADATA
# title: A dashboard that no Grafana shows
# custom:
#   message: >-
#     the dashboard %s is rendered nowhere: spec.observability of environment %s has no destination
#   solution: >-
#     set spec.observability.destination in environment.yaml to the Kubernetes cluster where Grafana runs,
#     or remove the dashboard
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "dashboard"],
	[_observability.dashboard, _environment],
) if {
	not tier.is_production
	_lacks("destination")
	_observability.dashboard
}

# METADATA
# title: An on-call route that no Alertmanager takes
# custom:
#   message: >-
#     no one is paged by Secret %s: spec.observability of environment %s has no alertmanager
#   solution: >-
#     set spec.observability.alertmanager in environment.yaml to the labels by which Alertmanager selects
#     its configuration, or remove spec.observability.onCall
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", "onCall"],
	[_observability.onCall.secret, _environment],
) if {
	not tier.is_production
	_lacks("alertmanager")
	_observability.onCall
}

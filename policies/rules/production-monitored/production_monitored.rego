# METADATA
# title: Production is monitored
# description: >-
#   A production environment says how it is observed: without spec.observability no alert, dashboard or
#   on-call route of its families is rendered. thresholds.production_monitored lists the parts that it
#   must have.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: production-monitored
#   category: observability
#   severity: error
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: true
package lockstep.rules.production_monitored

import data.lockstep.lib.finding
import data.lockstep.lib.observed
import data.lockstep.lib.tier

checked if {
	is_array(input.families)
	is_object(input.environment.spec)
	observed.is_readable
	is_array(_parts)
}

_observability := object.get(input.environment.spec, "observability", {})

_parts := data.thresholds.production_monitored.parts

# METADATA
# title: Not observed
# custom:
#   message: >-
#     spec.observability is missing; nothing evaluates the alerts of the %s families of production, and no
#     one is paged
#   solution: >-
#     add spec.observability to environment.yaml, with the labels by which the Prometheus operator selects
#     rules and the namespace where Prometheus runs
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability"],
	[count(input.families)],
) if {
	tier.is_production
	not observed.is_declared
}

# What is missing where a part is.
_without := {
	"destination": "no dashboard is shown, and no alert compares regions",
	"alertmanager": "no one is paged",
	"openTelemetry": "no request is traced",
	"datadog": "Datadog shows none of the pods",
	"cost": "no one sees what the pods cost",
}

# METADATA
# title: Without a part
# custom:
#   thresholds: [parts]
#   message: "spec.observability has %s and no %s: %s"
#   solution: add this part to spec.observability in environment.yaml
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "observability", part],
	[object.keys(_observability), part, _without[part]],
) if {
	tier.is_production
	observed.is_declared
	some part in _parts
	not observed.has(part)
}

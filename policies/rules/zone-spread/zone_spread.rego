# METADATA
# title: Spread over zones
# description: >-
#   In production the pods of a version are spread over at least as many zones as
#   thresholds.zone_spread requires, with at least one pod per zone, so that the cluster survives the
#   loss of a zone.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: zone-spread
#   category: capacity
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.zone_spread

import data.lockstep.lib.finding
import data.lockstep.lib.tier
import data.lockstep.lib.workloads

checked if {
	is_number(_serving.replicas)
	is_number(_zones)
	is_number(data.thresholds.zone_spread.production)
}

_serving := input.new.spec.serving

# Where spec.serving.zones is not set, all pods may be in one zone.
_zones := object.get(_serving, "zones", 1)

# METADATA
# title: Too few zones
# custom:
#   thresholds: [production]
#   message: the pods of a version are spread over %s zones; production requires at least %s
#   solution: set spec.serving.zones to this number or more, up to the zones of the region
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "zones"],
	[_zones, least],
) if {
	tier.is_production
	least := data.thresholds.zone_spread.production
	_zones < least
}

# METADATA
# title: More zones than pods
# custom:
#   message: "%s replicas cannot be spread over %s zones"
#   solution: raise spec.serving.replicas to at least spec.serving.zones, or lower spec.serving.zones
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "zones"],
	[replicas, _zones],
) if {
	tier.is_production
	replicas := workloads.replicas_required(_serving)
	_zones > replicas
}

# METADATA
# title: Spread over zones
# description: >-
#   In production the pods of a version stand in at least as many zones as thresholds.zone_spread
#   asks for, and there are enough of them for one in each, so that the loss of a zone is not the
#   loss of the cluster.
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

# Without a word the pods may all stand in one zone.
_zones := object.get(_serving, "zones", 1)

# METADATA
# title: Too few zones
# custom:
#   message: the pods of a version are spread over %s of the zones, and production asks for %s
#   solution: set spec.serving.zones to that number or more, as far as the region has zones
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
#   message: "%s replicas cannot stand in %s zones"
#   solution: raise spec.serving.replicas to spec.serving.zones or more, or name fewer zones
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "zones"],
	[replicas, _zones],
) if {
	tier.is_production
	replicas := workloads.replicas_asked(_serving)
	_zones > replicas
}

# METADATA
# title: Enough replicas
# description: >-
#   In production each version runs in at least as many pods as thresholds.min_replicas requires, so
#   that the loss of one pod causes no outage.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: min-replicas
#   category: capacity
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.min_replicas

import data.lockstep.lib.finding
import data.lockstep.lib.tier

checked if {
	is_number(input.new.spec.serving.replicas)
	is_number(data.thresholds.min_replicas.production)
}

# METADATA
# title: Too few replicas
# custom:
#   thresholds: [production]
#   message: spec.serving.replicas is %s; production requires at least %s
#   solution: raise spec.serving.replicas, and the tenant's quota if it is too small
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "replicas"],
	[input.new.spec.serving.replicas, least],
) if {
	tier.is_production
	least := data.thresholds.min_replicas.production
	input.new.spec.serving.replicas < least
}

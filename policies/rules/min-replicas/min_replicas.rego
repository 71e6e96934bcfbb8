# METADATA
# title: Enough replicas
# description: >-
#   In production each version runs in at least as many pods as thresholds.min_replicas asks for, so
#   that the end of one pod is not the end of an answer.
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
#   message: spec.serving.replicas is %s, and production asks for at least %s
#   solution: raise spec.serving.replicas, and the tenant's quota where it does not suffice
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "replicas"],
	[input.new.spec.serving.replicas, least],
) if {
	tier.is_production
	least := data.thresholds.min_replicas.production
	input.new.spec.serving.replicas < least
}

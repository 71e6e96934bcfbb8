# METADATA
# title: Weights add up to 100
# description: >-
#   The weights of all variants of a cluster, experiment arms included, add up to 100, and none is
#   negative. Routers interpret other sums differently, and some send all traffic to one version.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: weights-sum
#   category: traffic
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: true
#   waivable: false
package lockstep.rules.weights_sum

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.variants

checked if cluster.readable

_sum := sum([variant.weight | some variant in input.new.spec.variants])

# METADATA
# title: Wrong sum
# custom:
#   message: the weights of the variants add up to %s; they must add up to 100
#   solution: change the weights so that they add up to 100
deny contains finding.at(rego.metadata.rule(), ["spec", "variants"], [_sum]) if {
	not variants.add_up(input.new.spec.variants)
}

# METADATA
# title: Negative weight
# custom:
#   message: "the weight of variant %s is negative: %s"
#   solution: give the variant a weight from 0 to 100
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "weight"],
	[variant.name, variant.weight],
) if {
	some i, variant in input.new.spec.variants
	variant.weight < 0
}

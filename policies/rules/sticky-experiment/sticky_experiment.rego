# METADATA
# title: Sticky experiment
# description: >-
#   Weights are drawn anew for each request, so that a user would meet all arms of an experiment and
#   none could be told from another. An arm with weight needs spec.traffic.bucketHeader, the header
#   that keeps a user with one variant.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: sticky-experiment
#   category: traffic
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.sticky_experiment

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.variants

checked if cluster.readable

_arms := [[i, variant.name] |
	some i, variant in input.new.spec.variants
	variant.weight > 0
	variants.is_arm(variant)
]

# METADATA
# title: Arms by chance
# custom:
#   message: arms %s have weight, and spec.traffic.bucketHeader is not given
#   solution: name the request header that carries a user's bucket in spec.traffic.bucketHeader
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", _arms[0][0], "weight"],
	[[name | some [_, name] in _arms]],
) if {
	not input.new.spec.traffic.bucketHeader
}

# METADATA
# title: Sticky experiment
# description: >-
#   An experiment arm with weight needs spec.traffic.bucketHeader, the request header that keeps a user
#   on one variant. Otherwise the router picks a variant for each request, users see all arms, and the
#   experiment measures nothing.
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
# title: Arms without a bucket header
# custom:
#   message: arms %s have weight, but spec.traffic.bucketHeader is missing
#   solution: set spec.traffic.bucketHeader to the request header that has the user's bucket
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", _arms[0][0], "weight"],
	[[name | some [_, name] in _arms]],
) if {
	not input.new.spec.traffic.bucketHeader
}

# METADATA
# title: Version skew
# description: >-
#   The skew of a family is at most its consistency.maxVersionSkew. The skew is the number of distinct
#   versions with weight, minus one; experiments do not count. The finding points at the version that
#   the fewest clusters serve; of several, at the newest.
# schemas:
#   - input: schema.family
# custom:
#   short_name: version-skew
#   category: consistency
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.version_skew

import data.lockstep.lib.finding
import data.lockstep.lib.skew
import data.lockstep.lib.variants

checked if {
	is_number(skew.allowed)
	every cluster in input.clusters {
		is_string(cluster.name)
		variants.are_readable(cluster.new.spec.variants)
	}
}

# METADATA
# title: Too many versions
# custom:
#   message: "the clusters of the family serve %s versions, a skew of %s; at most %s is allowed: %s"
#   solution: finish or revert the rollout of one version before another version gets weight
deny contains finding.with_others(
	finding.of_cluster(
		rego.metadata.rule(), skew.first[0], skew.first[1],
		[count(skew.serving), skew.amount, skew.allowed, skew.serving],
	),
	skew.others,
) if {
	not skew.is_allowed
}

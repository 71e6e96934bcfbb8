# METADATA
# title: Version skew
# description: >-
#   The clusters of a family serve no more versions than its consistency.maxVersionSkew allows: the
#   distinct versions with weight, less one, experiments left out. The finding points at the cluster
#   that deviates: the newest of the versions that the fewest clusters serve.
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
#   message: "the clusters of the family serve %s versions, a skew of %s where %s is allowed: %s"
#   solution: finish or revert the rollout of one version before another one gets weight
deny contains finding.with_others(
	finding.of_cluster(
		rego.metadata.rule(), skew.first[0], skew.first[1],
		[count(skew.serving), skew.amount, skew.allowed, skew.serving],
	),
	skew.others,
) if {
	not skew.is_allowed
}

# METADATA
# title: Skew is short
# description: >-
#   The clusters of a family serve different versions for no longer than its
#   consistency.maxSkewDuration, counted from the record that began the skew.
# schemas:
#   - input: schema.family
# custom:
#   short_name: skew-duration
#   category: consistency
#   severity: warning
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.skew_duration

import data.lockstep.lib.finding
import data.lockstep.lib.skew
import data.lockstep.lib.variants

checked if {
	is_boolean(input.rollout.skewBreached)
	is_string(input.family.spec.consistency.maxSkewDuration)
	every cluster in input.clusters {
		is_string(cluster.name)
		variants.are_readable(cluster.new.spec.variants)
	}
}

# METADATA
# title: Different versions for too long
# custom:
#   message: "for longer than spec.consistency.maxSkewDuration (%s) the clusters have served %s versions: %s"
#   solution: finish the rollout with lockstep advance, or roll it back with lockstep revert
deny contains finding.with_others(
	finding.of_cluster(
		rego.metadata.rule(), skew.first[0], skew.first[1],
		[input.family.spec.consistency.maxSkewDuration, count(skew.serving), skew.serving],
	),
	skew.others,
) if {
	input.rollout.skewBreached
	skew.amount > 0
}

# METADATA
# title: Wave by wave
# description: >-
#   In one change a version gains weight in a cluster only where all clusters of the earlier waves
#   serve nothing else, experiments left out. A new cluster, an adopted state and a version that was
#   verified before are free.
# custom:
#   short_name: wave-order
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
package lockstep.rules.wave_order

import data.lockstep.lib.finding
import data.lockstep.lib.variants

checked if {
	is_array(input.rollout.verified)
	is_boolean(input.rollout.adopted)
	every wave in input.family.spec.rollout.waves {
		is_array(wave)
	}
	every cluster in input.clusters {
		is_string(cluster.name)
		variants.are_readable(cluster.new.spec.variants)
		_wave(cluster) >= 0
		_old_is_known(cluster.old)
	}
}

_old_is_known(null)

_old_is_known(old) if is_object(old)

_same(cluster) if cluster.old.spec.variants == cluster.new.spec.variants

_wave(cluster) := min([i |
	some i, regions in input.family.spec.rollout.waves
	cluster.new.spec.region in regions
])

_serves_other(cluster, version) if {
	variants.weight(cluster.new.spec.variants, version) < variants.whole(cluster.new.spec.variants)
}

# METADATA
# title: Weight before its wave
# custom:
#   message: version %s gains weight in %s while earlier waves still serve another version in %s
#   solution: finish the earlier waves first, or let lockstep advance move the version
deny contains finding.of_cluster(
	rego.metadata.rule(),
	cluster.name,
	["spec", "variants", i, "weight"],
	[variant.version, cluster.name, waiting],
) if {
	not input.rollout.adopted
	some cluster in input.clusters
	cluster.old != null
	not _same(cluster)
	old := object.get(cluster.old, ["spec", "variants"], [])
	new := cluster.new.spec.variants
	some i, variant in new
	variant.weight > 0
	not variants.is_arm(variant)
	not variant.version in input.rollout.verified
	variants.weight(new, variant.version) > variants.weight_before(old, new, variant.version)
	waiting := [earlier.name |
		some earlier in input.clusters
		_wave(earlier) < _wave(cluster)
		_serves_other(earlier, variant.version)
	]
	count(waiting) > 0
}

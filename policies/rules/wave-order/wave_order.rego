# METADATA
# title: Wave by wave
# description: >-
#   In one change a version gains weight in a cluster only where all clusters of the earlier waves
#   serve nothing else, experiments left out. A new cluster, an adopted state and a version that was
#   verified before are free.
# schemas:
#   - input: schema.family
# custom:
#   short_name: wave-order
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
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

_serves_other(cluster, version) if count(variants.serving(cluster.new.spec.variants) - {version}) > 0

_first_unfinished(version) := min([_wave(cluster) |
	some cluster in input.clusters
	_serves_other(cluster, version)
])

# The clusters of earlier waves that still serve another version, each where it does.
_waiting(wave, version) := [place |
	some cluster in input.clusters
	_wave(cluster) < wave
	_serves_other(cluster, version)
	index := min([i |
		some i, variant in cluster.new.spec.variants
		variant.version != version
		variant.weight > 0
		not variants.is_arm(variant)
	])
	place := {
		"cluster": cluster.name,
		"path": ["spec", "variants", index, "weight"],
		"note": sprintf("still serves version %s", [cluster.new.spec.variants[index].version]),
	}
]

# METADATA
# title: Weight before its wave
# custom:
#   message: version %s gains weight in %s while earlier waves still serve another version in %s
#   solution: finish the earlier waves first, or let lockstep advance move the version
deny contains finding.with_others(
	finding.of_cluster(
		rego.metadata.rule(), cluster.name, ["spec", "variants", i, "weight"],
		[variant.version, cluster.name, [earlier.cluster | some earlier in waiting]],
	),
	waiting,
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
	_wave(cluster) > _first_unfinished(variant.version)
	waiting := _waiting(_wave(cluster), variant.version)
}

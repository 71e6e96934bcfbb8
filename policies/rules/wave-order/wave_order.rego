# METADATA
# title: Waves in order
# description: >-
#   A version gains weight in a cluster only when all clusters of the earlier waves serve that version
#   alone, experiments not counted. Where the change edits the waves, the old waves count too. A new
#   family, an adopted state and a version that was verified before are exempt.
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
import data.lockstep.lib.moves
import data.lockstep.lib.variants

checked if {
	is_array(input.rollout.verified)
	is_boolean(input.rollout.adopted)
	every wave in input.family.spec.rollout.waves {
		is_array(wave)
	}
	is_array(input.variants_before)
	every cluster in input.clusters {
		is_string(cluster.name)
		variants.are_readable(cluster.new.spec.variants)
		_wave.now[cluster.name] >= 0
		_old_is_known(cluster.old)
	}
}

_old_is_known(null)

_old_is_known(old) if is_object(old)

_same(cluster) if cluster.old.spec.variants == cluster.new.spec.variants

_plans.now := input.family.spec.rollout.waves

_plans.before := input.family_before.spec.rollout.waves

# The waves that name a region, by plan.
_waves[plan][region] contains i if {
	some plan, waves in _plans
	some i, regions in waves
	some region in regions
}

# The wave of each cluster, by plan.
_wave[plan] := {cluster.name: min(regions[cluster.new.spec.region]) |
	some cluster in input.clusters
} if {
	some plan, regions in _waves
}

# The first variant of a cluster that has weight and another version.
_other(cluster, version) := min([i |
	some i, variant in cluster.new.spec.variants
	variant.version != version
	variant.weight > 0
	not variants.is_arm(variant)
])

# The versions that each cluster serves, in the order of input.clusters.
_serving := [variants.serving(cluster.new.spec.variants) | some cluster in input.clusters]

# The clusters with traffic, as [wave, index in input.clusters], by plan.
_unfinished[plan] contains [wave, k] if {
	some plan, waves in _wave
	some k, cluster in input.clusters
	count(_serving[k]) > 0
	wave := waves[cluster.name]
}

# Those of them that serve a version alone.
_finished[plan][version] contains [wave, k] if {
	some plan, waiting in _unfinished
	some [wave, k] in waiting
	count(_serving[k]) == 1
	some version in _serving[k]
}

# The clusters of a plan that serve another version: those in the first waves, as many as are named.
# One list for each version and not for each cluster, because many clusters may move at once.
_behind(plan, version) := finding.first(_unfinished[plan] - object.get(_finished, [plan, version], set()))

# The clusters of earlier waves than that of `name` that still serve another version, with the place.
_waiting(name, version) := [place |
	indexes := {k |
		some plan, waves in _wave
		some [wave, k] in _behind(plan, version)
		wave < waves[name]
	}
	some k in finding.first(indexes)
	cluster := input.clusters[k]
	index := _other(cluster, version)
	place := {
		"cluster": cluster.name,
		"path": ["spec", "variants", index, "weight"],
		"note": sprintf("still serves version %s", [cluster.new.spec.variants[index].version]),
	}
]

# The variants that a cluster's weights are compared with: its own before the change, or those of its
# family where the cluster is new.
_before(cluster, version) := weight if {
	cluster.old != null
	past := object.get(cluster.old, ["spec", "variants"], [])
	weight := variants.weight_before(past, cluster.new.spec.variants, version)
}

_before(cluster, version) := moves.most_before(version, variants.roles_total(cluster.new.spec.variants)) if {
	cluster.old == null
}

# METADATA
# title: Weight before the earlier waves have finished
# custom:
#   message: "version %s gains weight in %s while clusters of earlier waves still serve another version: %s"
#   solution: finish the earlier waves first, or move the version with lockstep advance
deny contains finding.with_others(
	finding.of_cluster(
		rego.metadata.rule(), cluster.name, ["spec", "variants", i, "weight"],
		[variant.version, cluster.name, [earlier.cluster | some earlier in waiting]],
	),
	waiting,
) if {
	not input.rollout.adopted
	some cluster in input.clusters
	not _same(cluster)
	new := cluster.new.spec.variants
	variants.are_plain(new)
	some i, variant in new
	variant.weight > 0
	not variants.is_arm(variant)
	not variant.version in input.rollout.verified
	variants.weight(new, variant.version) > _before(cluster, variant.version)
	waiting := _waiting(cluster.name, variant.version)
	count(waiting) > 0
}

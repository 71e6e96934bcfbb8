# METADATA
# title: Version skew
# description: >-
#   The clusters of a family serve no more versions than its consistency.maxVersionSkew allows: the
#   distinct versions with weight, less one, experiments left out. The finding points at the cluster
#   that deviates: the newest of the versions that the fewest clusters serve.
# custom:
#   short_name: version-skew
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
package lockstep.rules.version_skew

import data.lockstep.lib.finding
import data.lockstep.lib.variants

checked if {
	is_number(_allowed)
	every cluster in input.clusters {
		is_string(cluster.name)
		variants.are_readable(cluster.new.spec.variants)
	}
}

_allowed := input.family.spec.consistency.maxVersionSkew

_serving[version] contains cluster.name if {
	some cluster in input.clusters
	some version in variants.serving(cluster.new.spec.variants)
}

_skew := count(_serving) - 1

# Numbers as text: the longer one is the greater one.
_deviating := max([[count(version), version] |
	some version, names in _serving
	count(names) == min([count(others) | some others in _serving])
])[1]

# METADATA
# title: Too many versions
# custom:
#   message: "the clusters of the family serve %s versions, a skew of %s where %s is allowed: %s"
#   solution: finish or revert the rollout of one version before another one gets weight
deny contains finding.of_cluster(
	rego.metadata.rule(),
	name,
	["spec", "variants", index, "version"],
	[count(_serving), _skew, _allowed, _serving],
) if {
	_skew > _allowed
	name := min(_serving[_deviating])
	index := min([i |
		some cluster in input.clusters
		cluster.name == name
		some i, variant in cluster.new.spec.variants
		variant.version == _deviating
		variant.weight > 0
	])
}

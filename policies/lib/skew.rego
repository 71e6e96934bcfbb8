# METADATA
# title: Skew of a family
# description: >-
#   Which versions the clusters of a family serve, experiments not counted, and which version
#   deviates. For rules of scope family.
package lockstep.lib.skew

import data.lockstep.lib.variants

# METADATA
# title: Serving clusters
# description: For each version with weight, the clusters in which it has weight.
serving[version] contains cluster.name if {
	some cluster in input.clusters
	some version in variants.serving(cluster.new.spec.variants)
}

# METADATA
# title: Amount
# description: The number of distinct versions with weight, minus one.
amount := count(serving) - 1

# METADATA
# title: Allowed
# description: >-
#   The skew that the family allows; undefined where it sets none. A change that raises it is still
#   checked by the lower value from before, so that no change can allow itself more.
allowed := min({input.family.spec.consistency.maxVersionSkew} | _allowed_before)

_allowed_before contains skew if {
	skew := input.family_before.spec.consistency.maxVersionSkew
	is_number(skew)
}

# METADATA
# title: Is allowed
# description: Whether the family serves no more versions than it allows.
is_allowed if amount <= allowed

# METADATA
# title: Deviating version
# description: The version that the fewest clusters serve; of several the newest.
deviating := rarest(serving)

# METADATA
# title: Rarest
# description: >-
#   The key with the fewest members, of an object from text to sets; of several the greatest. A longer
#   text counts as greater, as with numbers.
rarest(holders) := max([[count(key), key] | some key, names in holders; count(names) == fewest])[1] if {
	fewest := min([count(names) | some names in holders])
}

# METADATA
# title: First place
# description: The first cluster by name in which the deviating version has weight, and the path there.
first := [name, _path(name, deviating)] if name := min(serving[deviating])

# METADATA
# title: Other places
# description: Where the other clusters have their versions with weight, for a finding's `also`.
others := [place |
	some cluster in input.clusters
	cluster.name != first[0]
	some version in variants.serving(cluster.new.spec.variants)
	place := {
		"cluster": cluster.name,
		"path": _path(cluster.name, version),
		"note": sprintf("serves version %s", [version]),
	}
]

_path(name, version) := ["spec", "variants", index, "version"] if {
	index := min(object.get(_indexes, [name, version], set())) # looked up in one go: see lib.tenants
}

_indexes[cluster.name][variant.version] contains i if {
	some cluster in input.clusters
	some i, variant in cluster.new.spec.variants
	variant.weight > 0
	not variants.is_arm(variant)
}

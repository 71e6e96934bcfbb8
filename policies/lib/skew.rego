# METADATA
# title: Skew of a family
# description: >-
#   Which versions the clusters of a family serve, experiments left out, and which one deviates. For
#   rules of scope family.
package lockstep.lib.skew

import data.lockstep.lib.variants

# METADATA
# title: Serving clusters
# description: For each version with weight, the clusters in which it has some.
serving[version] contains cluster.name if {
	some cluster in input.clusters
	some version in variants.serving(cluster.new.spec.variants)
}

# METADATA
# title: Amount
# description: The distinct versions with weight, less one.
amount := count(serving) - 1

# METADATA
# title: Allowed
# description: >-
#   What the family allows; undefined where it does not say. A change that allows more is judged by
#   what was allowed before it.
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
# description: The newest of the versions that the fewest clusters serve.
deviating := rarest(serving)

# METADATA
# title: Rarest
# description: >-
#   Of an object from text to the set of those that have it, the key that the fewest have; of
#   several the greatest, where a longer text is the greater one, as with numbers.
rarest(holders) := max([[count(key), key] |
	some key, names in holders
	count(names) == min([count(others) | some others in holders])
])[1]

# METADATA
# title: First place
# description: The cluster, first by name, and the place in it where the deviating version has weight.
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

_path(name, version) := ["spec", "variants", min(_indexes[name][version]), "version"]

_indexes[cluster.name][variant.version] contains i if {
	some cluster in input.clusters
	some i, variant in cluster.new.spec.variants
	variant.weight > 0
	not variants.is_arm(variant)
}

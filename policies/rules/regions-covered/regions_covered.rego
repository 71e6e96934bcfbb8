# METADATA
# title: Every cluster takes part in a rollout
# description: >-
#   A rollout covers every cluster of the family: all have the candidate, even where its weight is
#   still 0. All have the same stable version, unless a rollout explains the difference: then it is the
#   candidate or the previous version of another cluster. Otherwise regions would serve different
#   versions unnoticed.
# schemas:
#   - input: schema.family
# custom:
#   short_name: regions-covered
#   category: consistency
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.regions_covered

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

# Cluster and variant index of each role, by role and version.
_places[variant.name][variant.version] contains [cluster.name, i] if {
	some cluster in input.clusters
	variants.are_plain(cluster.new.spec.variants)
	some i, variant in cluster.new.spec.variants
	variant.name in {"stable", "candidate", "previous"}
}

_of(role, version) := object.get(_places, [role, version], set())

_with(version) := {name |
	some role in ["stable", "candidate", "previous"]
	some [name, _] in _of(role, version)
}

# If there are several candidates, the one that most clusters have.
_candidate := max([[count(_with(version)), count(version), version] |
	some version, _ in _places.candidate
])[2]

_also(role, version) := [place |
	some [name, i] in finding.first(_of(role, version))
	place := {
		"cluster": name,
		"path": ["spec", "variants", i, "version"],
		"note": sprintf("has version %s as %s", [version, role]),
	}
]

# METADATA
# title: Cluster without the candidate
# custom:
#   message: cluster %s does not have version %s, the candidate of the family's rollout
#   solution: add it as candidate with weight 0, as lockstep propose does in every cluster
deny contains finding.with_others(
	finding.of_cluster(
		rego.metadata.rule(), cluster.name, ["spec", "variants"],
		[cluster.name, _candidate],
	),
	_also("candidate", _candidate),
) if {
	skew.is_allowed # version-skew reports a larger skew
	without := {each.name | some each in input.clusters} - _with(_candidate)
	some cluster in input.clusters
	variants.are_plain(cluster.new.spec.variants)
	cluster.name in without
}

_most := max([count(places) | some _, places in _places.stable])

# If several are equally common, the oldest: the newer ones deviate.
_common := min([[count(version), version] |
	some version, places in _places.stable
	count(places) == _most
])[1]

# METADATA
# title: Different stable version
# custom:
#   message: >-
#     the stable version of cluster %s is %s, most other clusters have %s, and no rollout of the family
#     explains the difference
#   solution: bring all clusters to one version with lockstep propose and advance
deny contains finding.with_others(
	finding.of_cluster(
		rego.metadata.rule(), name, ["spec", "variants", i, "version"],
		[name, version, _common],
	),
	_also("stable", _common),
) if {
	skew.is_allowed
	some version, places in _places.stable
	version != _common
	count(_of("candidate", version) | _of("previous", version)) == 0
	some [name, i] in places
}

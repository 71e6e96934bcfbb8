# METADATA
# title: Data of a learning arm
# description: >-
#   An arm that learns from live data keeps to itself: the feature views that it writes are neither
#   read nor written by production or by another arm, in any cluster of the family, and it shares no
#   training dataset with a version in a role. Otherwise its mistakes come back as facts in the next
#   version of production. What the arm names in its terms counts, and what the locks say.
# schemas:
#   - input: schema.family
# custom:
#   short_name: feedback-data
#   category: feedback
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.feedback_data

import data.lockstep.lib.experiments
import data.lockstep.lib.finding
import data.lockstep.lib.variants

checked if {
	is_array(input.clusters)
	every cluster in input.clusters {
		is_string(cluster.name)
		variants.are_readable(cluster.new.spec.variants)
	}
	is_object(input.locks)
}

# The arms that learn: cluster, index and content of the variant, terms. Most families have none,
# and then nothing else here is looked at.
_learning contains [cluster.name, i, variant, cluster.new.spec.experiments[variant.name]] if {
	some cluster in input.clusters
	cluster.new.spec.experiments
	some i, variant in cluster.new.spec.variants
	experiments.learns_live(cluster.new.spec, variant)
}

_learners contains variant.name if some [_, _, variant, _] in _learning

# The clusters in which production reads or writes a feature view.
_production[view] contains cluster.name if {
	some cluster in input.clusters
	some view, _ in cluster.new.spec.features.views
}

_production[view] contains cluster.name if {
	some cluster in input.clusters
	some view in cluster.new.spec.features.writes
}

# The arms that write to a feature view. Arms of one name are one experiment in several clusters.
_writers[view] contains arm if {
	some cluster in input.clusters
	some arm, terms in cluster.new.spec.experiments
	some view in terms.writes
}

_roles contains variant.version if {
	some cluster in input.clusters
	some variant in cluster.new.spec.variants
	not variants.is_arm(variant)
}

# The versions in roles that were trained on a dataset, by its name and by its digest.
_trained[kind][key] contains version if {
	some version in _roles
	some dataset in _training(version)
	some kind in ["name", "digest"]
	key := dataset[kind]
	key != ""
}

# A dataset of which nobody said what it was for may have been trained on.
_training(version) := [dataset |
	some dataset in input.locks[version].facts.datasets
	dataset.context in {"training", null}
]

_users(kind, key) := object.get(_trained, [kind, key], set())

# METADATA
# title: Nothing said about its data
# custom:
#   message: arm %s learns from live data, and its terms do not name its %s
#   solution: >-
#     name the feature views that the arm writes to and the datasets that it learns from, as writes
#     and training
deny contains finding.of_cluster(
	rego.metadata.rule(),
	name,
	["spec", "experiments", variant.name, "learnsFrom"],
	[variant.name, unnamed],
) if {
	some [name, _, variant, terms] in _learning
	unnamed := [field | some field in ["writes", "training"]; not terms[field]]
	count(unnamed) > 0
}

# METADATA
# title: Feedback into production
# custom:
#   message: arm %s learns from live data and writes to %s, which production uses in %s
#   solution: give the arm a feature view of its own to write to
deny contains finding.of_cluster(
	rego.metadata.rule(),
	name,
	["spec", "experiments", variant.name, "writes", i],
	[variant.name, view, users],
) if {
	some [name, _, variant, terms] in _learning
	some i, view in terms.writes
	users := _production[view]
}

# METADATA
# title: Feedback into another arm
# custom:
#   message: arm %s learns from live data and writes to %s, as does %s
#   solution: give each arm a feature view of its own to write to
deny contains finding.of_cluster(
	rego.metadata.rule(),
	name,
	["spec", "experiments", variant.name, "writes", i],
	[variant.name, view, others],
) if {
	some [name, _, variant, terms] in _learning
	some i, view in terms.writes
	others := _writers[view] - {variant.name}
	count(others) > 0
	earlier := {other | some other in (others & _learners); other < variant.name}
	count(earlier) == 0 # two arms that both learn are said once
}

# METADATA
# title: It learns from what production learned from
# custom:
#   message: arm %s learns from live data and from dataset %s, as did version %s of production
#   solution: let the arm learn from a dataset of its own
deny contains finding.of_cluster(
	rego.metadata.rule(),
	name,
	["spec", "experiments", variant.name, "training", i],
	[variant.name, dataset, users],
) if {
	some [name, _, variant, terms] in _learning
	not variant.version in _roles
	some i, dataset in terms.training
	users := _users("name", dataset)
	count(users) > 0
}

# METADATA
# title: It learned from what production learned from
# custom:
#   message: >-
#     version %s of arm %s, which learns from live data, was trained on dataset %s, as was version %s
#     of production
#   solution: serve a version in the arm that was trained on datasets of its own
deny contains finding.of_cluster(
	rego.metadata.rule(),
	name,
	["spec", "variants", i, "version"],
	[variant.version, variant.name, dataset.name, users],
) if {
	some [name, i, variant, terms] in _learning
	not variant.version in _roles # that is for feedback-route to say
	some dataset in _training(variant.version)
	not dataset.name in object.get(terms, "training", [])
	users := _users("name", dataset.name) | _users("digest", dataset.digest)
	count(users) > 0
}

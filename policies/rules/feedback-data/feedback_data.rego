# METADATA
# title: Data of a learning arm
# description: >-
#   The data of an arm that learns from live data stay separate: neither the serving variants nor
#   another arm reads or writes its feature views, in any cluster of the family, and it shares no
#   training dataset with a version in a role. Otherwise its mistakes become training data of the next
#   production version. The rule checks the arm's terms and the locks.
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

# The arms that learn: cluster, index and content of the variant, terms. Most families have none, and
# then OPA evaluates nothing else of this rule.
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

# The arms that write to a feature view. Arms with the same name in several clusters are one
# experiment.
_writers[view] contains arm if {
	some cluster in input.clusters
	some arm, terms in cluster.new.spec.experiments
	some view in terms.writes
}

_first_learner := {view: min(arms & _learners) | some view, arms in _writers}

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

# A dataset without a context counts, because it may have been used for training.
_training(version) := [dataset |
	some dataset in input.locks[version].facts.datasets
	dataset.context in {"training", null}
]

_users(kind, key) := object.get(_trained, [kind, key], set())

# METADATA
# title: Data of the arm not declared
# custom:
#   message: arm %s learns from live data, but its terms have no %s
#   solution: >-
#     list the feature views that the arm writes to under writes, and the datasets that it learns from
#     under training
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
#   solution: let the arm write to a feature view of its own
deny contains finding.of_cluster(
	rego.metadata.rule(),
	name,
	["spec", "experiments", variant.name, "writes", i],
	[variant.name, view, users],
) if {
	some [name, _, variant, terms] in _learning
	some i, view in terms.writes
	users := object.get(_production, view, set()) # looked up in one go: see lib.tenants
	count(users) > 0
}

# METADATA
# title: Feedback into another arm
# custom:
#   message: arm %s learns from live data and writes to %s, a view also written by %s
#   solution: let each arm write to a feature view of its own
deny contains finding.of_cluster(
	rego.metadata.rule(),
	name,
	["spec", "experiments", variant.name, "writes", i],
	[variant.name, view, others],
) if {
	some [name, _, variant, terms] in _learning
	some i, view in terms.writes
	others := object.get(_writers, view, set()) - {variant.name}
	count(others) > 0
	_first_learner[view] == variant.name # a pair of learning arms is reported once
}

# METADATA
# title: Training dataset shared with production, by the terms
# custom:
#   message: arm %s learns from live data and from dataset %s, which also trained version %s in production
#   solution: let the arm learn from a separate dataset
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
# title: Training dataset shared with production, by the lock
# custom:
#   message: >-
#     version %s of arm %s, which learns from live data, was trained on dataset %s, which also trained
#     version %s in production
#   solution: serve a version in the arm that was trained on separate datasets
deny contains finding.of_cluster(
	rego.metadata.rule(),
	name,
	["spec", "variants", i, "version"],
	[variant.version, variant.name, dataset.name, users],
) if {
	some [name, i, variant, terms] in _learning
	not variant.version in _roles # feedback-route reports that
	some dataset in _training(variant.version)
	not dataset.name in object.get(terms, "training", [])
	users := _users("name", dataset.name) | _users("digest", dataset.digest)
	count(users) > 0
}

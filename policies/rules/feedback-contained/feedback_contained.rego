# METADATA
# title: Feedback stays in its family
# description: >-
#   No other family of the environment uses the data of an arm that learns from live data: none reads
#   or writes the arm's feature views in the same store, and none serves a version that was trained on
#   the same dataset (by name and digest) as the arm's version. Otherwise a faulty arm would spoil the
#   other family's model. feedback-data checks the same within the arm's own family.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: feedback-contained
#   category: feedback
#   severity: error
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: true
package lockstep.rules.feedback_contained

import data.lockstep.lib.experiments
import data.lockstep.lib.finding
import data.lockstep.lib.variants

checked if {
	every family in input.families {
		is_string(family.name)
		is_object(family.datasets)
	}
	every cluster in input.clusters {
		is_string(cluster.name)
		is_string(cluster.family)
		variants.are_readable(cluster.spec.variants)
	}
}

# The arms that learn: index of the cluster, index of the variant, and terms. Most environments have
# none, and then OPA evaluates nothing else of this rule.
_learning contains [k, i, cluster.spec.experiments[variant.name]] if {
	some k, cluster in input.clusters
	cluster.spec.experiments
	some i, variant in cluster.spec.variants
	experiments.learns_live(cluster.spec, variant)
}

_store(cluster) := object.get(cluster.spec, ["features", "store"], "")

# The clusters that read or write a feature view of a store, with their families.
_users[[_store(cluster), view]] contains [cluster.name, cluster.family] if {
	some cluster in input.clusters
	some view in _views(cluster)
}

# The same for one family.
_own_users[[_store(cluster), view, cluster.family]] contains cluster.name if {
	some cluster in input.clusters
	some view in _views(cluster)
}

_users_by_name(store, view) := sort(object.get(_users, [[store, view]], set()))

# The first clusters of other families that use a view. Only as many users are read as are needed for
# that, because each of many arms may write to the view.
_other_users(store, view, family) := finding.first([name |
	own := count(object.get(_own_users, [[store, view, family]], set()))
	some [name, of] in array.slice(_users_by_name(store, view), 0, finding.most + own)
	of != family
])

_views(cluster) := object.keys(object.get(cluster.spec, ["features", "views"], {})) | {view |
	some view in object.get(cluster.spec, ["features", "writes"], [])
}

_datasets := {family.name: family.datasets | some family in input.families}

# The families with a version in a role that was trained on a dataset, by its name and digest.
_trained[[dataset.name, dataset.digest]] contains cluster.family if {
	some cluster in input.clusters
	some variant in cluster.spec.variants
	not variants.is_arm(variant)
	some dataset in _training(cluster.family, variant.version)
}

# The first other families with such a version.
_other_families(dataset, family) := finding.first([of |
	some of in array.slice(_families_by_name(dataset.name, dataset.digest), 0, finding.most + 1)
	of != family
])

_families_by_name(name, digest) := sort(object.get(_trained, [[name, digest]], set()))

# A dataset without a context counts, because it may have been used for training.
_training(family, version) := [dataset |
	some dataset in _datasets[family][version]
	dataset.context in {"training", null}
	dataset.name != ""
	dataset.digest != ""
]

# METADATA
# title: Feedback into another family
# custom:
#   message: arm %s of %s learns from live data and writes to %s, which other families use in %s
#   solution: let the arm write to a feature view of its own
deny contains finding.of_cluster(
	rego.metadata.rule(), cluster.name, ["spec", "experiments", arm, "writes", n],
	[arm, cluster.name, view, others],
) if {
	some [k, i, terms] in _learning
	cluster := input.clusters[k]
	arm := cluster.spec.variants[i].name
	some n, view in terms.writes
	others := _other_users(_store(cluster), view, cluster.family)
	count(others) > 0
}

# METADATA
# title: Training dataset shared with another family
# custom:
#   message: >-
#     version %s of arm %s, which learns from live data, was trained on dataset %s, which also trained
#     versions of %s
#   solution: serve a version in the arm that was trained on separate datasets
deny contains finding.of_cluster(
	rego.metadata.rule(), cluster.name, ["spec", "variants", i, "version"],
	[variant.version, variant.name, dataset.name, others],
) if {
	some [k, i, _] in _learning
	cluster := input.clusters[k]
	variant := cluster.spec.variants[i]
	some dataset in _training(cluster.family, variant.version)
	others := _other_families(dataset, cluster.family)
	count(others) > 0
}

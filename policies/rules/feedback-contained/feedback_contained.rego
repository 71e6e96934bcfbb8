# METADATA
# title: Feedback stays in its family
# description: >-
#   What an arm that learns from live data writes, no other family of the environment uses: none reads
#   or writes the feature view in the same store, and none serves a version that was trained on a
#   dataset of the arm's version, the same by name and digest. feedback-data asks the same within the
#   arm's own family.
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

# The arms that learn: places of the cluster and of the variant, and the terms. Most environments have
# none, and then nothing else here is looked at.
_learning contains [k, i, cluster.spec.experiments[variant.name]] if {
	some k, cluster in input.clusters
	cluster.spec.experiments
	some i, variant in cluster.spec.variants
	experiments.learns_live(cluster.spec, variant)
}

_store(cluster) := object.get(cluster.spec, ["features", "store"], "")

# Who reads or writes a feature view of a store: the places of clusters.
_users[[_store(cluster), view]] contains k if {
	some k, cluster in input.clusters
	some view in _views(cluster)
}

_views(cluster) := object.keys(object.get(cluster.spec, ["features", "views"], {})) | {view |
	some view in object.get(cluster.spec, ["features", "writes"], [])
}

_datasets[family.name] := family.datasets if some family in input.families

# What versions in roles were trained on, by name and digest: the families.
_trained[[dataset.name, dataset.digest]] contains cluster.family if {
	some cluster in input.clusters
	some variant in cluster.spec.variants
	not variants.is_arm(variant)
	some dataset in _training(cluster.family, variant.version)
}

# A dataset of which nobody said what it was for may have been trained on.
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
#   solution: give the arm a feature view of its own to write to
deny contains finding.of_cluster(
	rego.metadata.rule(), cluster.name, ["spec", "experiments", arm, "writes", n],
	[arm, cluster.name, view, others],
) if {
	some [k, i, terms] in _learning
	cluster := input.clusters[k]
	arm := cluster.spec.variants[i].name
	some n, view in terms.writes
	others := {input.clusters[user].name |
		some user in _users[[_store(cluster), view]]
		input.clusters[user].family != cluster.family
	}
	count(others) > 0
}

# METADATA
# title: It learned from what another family learned from
# custom:
#   message: >-
#     version %s of arm %s, which learns from live data, was trained on dataset %s, as was what %s serves
#   solution: serve a version in the arm that was trained on datasets of its own
deny contains finding.of_cluster(
	rego.metadata.rule(), cluster.name, ["spec", "variants", i, "version"],
	[variant.version, variant.name, dataset.name, others],
) if {
	some [k, i, _] in _learning
	cluster := input.clusters[k]
	variant := cluster.spec.variants[i]
	some dataset in _training(cluster.family, variant.version)
	others := _trained[[dataset.name, dataset.digest]] - {cluster.family}
	count(others) > 0
}

# METADATA
# title: Lineage is known
# description: >-
#   In production the registry knows the lineage of each version that serves or is a candidate: its
#   training dataset by name and digest, and the run that made it or the version that it was copied
#   from.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: lineage-known
#   category: registry
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.lineage_known

import data.lockstep.lib.active_variants
import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.tier

checked if {
	cluster.readable
	is_object(input.locks)
	is_object(input.environment.spec)
	every _, lock in cluster.locks {
		is_array(lock.facts.datasets)
		is_object(lock.identity)
	}
}

_is_trained_on(lock) if {
	some dataset in lock.facts.datasets
	dataset.context == "training"
	dataset.name != ""
	dataset.digest != ""
}

_has_origin(lock) if _is_given(lock.identity.run)

_has_origin(lock) if _is_given(lock.facts.lineage.copiedFrom)

_is_given(text) if not text in {"", null}

# METADATA
# title: No training dataset
# custom:
#   message: the lock of version %s has no training dataset with name and digest, only %s
#   solution: >-
#     log the dataset in the training run with mlflow.log_input and context "training", register a new
#     version, and propose it
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, lock.facts.datasets],
) if {
	tier.is_production
	some i, variant in active_variants.by_index
	lock := input.locks[variant.version]
	not _is_trained_on(lock)
}

# METADATA
# title: No run and no source version
# custom:
#   message: version %s has neither a run nor a version that it was copied from; its source is %s
#   solution: register a new version from its run, or copy a version that has a run, and propose it
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, object.get(lock.identity, "source", null)],
) if {
	tier.is_production
	some i, variant in active_variants.by_index
	lock := input.locks[variant.version]
	not _has_origin(lock)
}

# METADATA
# title: Origin is known
# description: >-
#   In production the registry knows where a version comes from that serves or is next to: the
#   dataset that it was trained on, by name and digest, and the run that made it, or the version of
#   which it is a copy.
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

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.relied
import data.lockstep.lib.tier

checked if {
	cluster.readable
	is_object(input.locks)
	is_object(input.environment.spec)
	every _, lock in input.locks {
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

_has_origin(lock) if _says(lock.identity.run)

_has_origin(lock) if _says(lock.facts.lineage.copiedFrom)

_says(text) if not text in {"", null}

# METADATA
# title: No training data
# custom:
#   message: the lock of version %s names no training dataset with name and digest, only %s
#   solution: >-
#     log the dataset in the training run with mlflow.log_input and context "training", register the
#     version anew, and propose that one
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, lock.facts.datasets],
) if {
	tier.is_production
	some i, variant in relied.serving
	lock := input.locks[variant.version]
	not _is_trained_on(lock)
}

# METADATA
# title: No run
# custom:
#   message: version %s has neither a run that made it nor a version that it copies; its source is %s
#   solution: register the version from its run, or copy it from a version that was, and propose that
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, object.get(lock.identity, "source", null)],
) if {
	tier.is_production
	some i, variant in relied.serving
	lock := input.locks[variant.version]
	not _has_origin(lock)
}

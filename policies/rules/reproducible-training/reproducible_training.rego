# METADATA
# title: Training can be repeated
# description: >-
#   A version that many workers have trained says with which version of the engine, how many they
#   were and with which seed, in its tags train.version, train.workers and train.seed: without these
#   nobody trains it again. Which engines are distributed is set in the thresholds.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: reproducible-training
#   category: registry
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.reproducible_training

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.relied
import data.lockstep.lib.tier

checked if {
	cluster.readable
	is_object(input.locks)
	is_object(input.environment.spec)
	is_array(data.thresholds.reproducible_training.distributed)
	every _, lock in input.locks {
		is_object(lock.facts.tags)
	}
}

# The tags of each variant whose version many workers have trained, by the variant's index.
_distributed[i] := tags if {
	some i, variant in relied.serving
	tags := input.locks[variant.version].facts.tags
	lower(tags["train.engine"]) in data.thresholds.reproducible_training.distributed
}

_missing(tags) := [tag |
	some tag in ["train.version", "train.workers", "train.seed"]
	trim_space(object.get(tags, tag, "")) == ""
]

# METADATA
# title: Missing tags
# custom:
#   message: version %s was trained with %s, and its lock has no tags %s
#   solution: set the tags on the version in the registry, and run lockstep lock for this family
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[input.new.spec.variants[i].version, tags["train.engine"], missing],
) if {
	tier.is_production
	some i, tags in _distributed
	missing := _missing(tags)
	count(missing) > 0
}

# METADATA
# title: No number of workers
# custom:
#   message: the tag train.workers of version %s is %s, which is no whole number from 1 upwards
#   solution: set the tag to the number of workers, and run lockstep lock for this family
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[input.new.spec.variants[i].version, workers],
) if {
	some i, tags in _distributed
	workers := tags["train.workers"]
	trim_space(workers) != ""
	not regex.match(`^[1-9][0-9]{0,8}$`, workers)
}

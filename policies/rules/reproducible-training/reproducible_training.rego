# METADATA
# title: Training is reproducible
# description: >-
#   In production a version that was trained on several workers records how, in its tags train.engine,
#   train.version, train.workers and train.seed; without these the training cannot be repeated. A
#   version counts as such where train.workers is more than 1, or a word of train.engine (such as ray
#   in ray-train) is an engine that the thresholds list as distributed.
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

import data.lockstep.lib.active_variants
import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.tier

checked if {
	cluster.readable
	is_object(input.locks)
	is_object(input.environment.spec)
	is_array(data.thresholds.reproducible_training.distributed)
	every _, lock in cluster.locks {
		is_object(lock.facts.tags)
	}
}

_engines := {engine | some engine in data.thresholds.reproducible_training.distributed}

_has_many_workers(tags) if {
	words := regex.split(`[^a-z0-9]+`, lower(tags["train.engine"]))
	some word in words
	word in _engines
}

_has_many_workers(tags) if {
	regex.match(_number, tags["train.workers"])
	to_number(tags["train.workers"]) > 1
}

_number := `^[1-9][0-9]{0,8}$`

# The tags of each variant whose version was trained on several workers, by index.
_distributed[i] := tags if {
	some i, variant in active_variants.by_index
	tags := input.locks[variant.version].facts.tags
	_has_many_workers(tags)
}

_missing(tags) := [tag |
	some tag in ["train.engine", "train.version", "train.workers", "train.seed"]
	_is_blank(tags, tag)
]

_is_blank(tags, tag) if trim_space(object.get(tags, tag, "")) == ""

_with(tags) := tags["train.engine"] if not _is_blank(tags, "train.engine")

_with(tags) := concat("", [tags["train.workers"], " workers"]) if _is_blank(tags, "train.engine")

# METADATA
# title: Missing tags
# custom:
#   thresholds: [distributed]
#   message: version %s was trained with %s, but its lock does not have the tags %s
#   solution: set the tags on the version in the registry, and run lockstep lock {family} {version}
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[input.new.spec.variants[i].version, _with(tags), missing],
) if {
	tier.is_production
	some i, tags in _distributed
	missing := _missing(tags)
	count(missing) > 0
}

# METADATA
# title: Malformed number of workers
# custom:
#   message: the tag train.workers of version %s is %s, which is not a whole number of at least 1
#   solution: set the tag to the number of workers, and run lockstep lock {family} {version}
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[input.new.spec.variants[i].version, workers],
) if {
	some i, tags in _distributed
	workers := tags["train.workers"]
	trim_space(workers) != ""
	not regex.match(_number, workers)
}

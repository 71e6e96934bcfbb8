# METADATA
# title: Moves forward
# description: >-
#   What a change does to the weights of the evaluated cluster. A version that was verified before
#   never moves forward: giving it weight is a rollback. In a cluster that is new to its family, a
#   version moves forward by the weight that it has above the most that it had in any cluster of the
#   family. In a cluster of a new family nothing moves forward.
package lockstep.lib.moves

import data.lockstep.lib.cluster
import data.lockstep.lib.variants

# METADATA
# title: Before
# description: The variants before the change; empty where there were none that can be read.
default before := []

before := input.old.spec.variants

# METADATA
# title: Forward
# description: >-
#   The variants whose version gains weight in the change and was never verified, by index, with the
#   version's weight `before` and `after`. An arm of an experiment counts by its own weight.
forward[i] := {"before": was, "after": is} if {
	_may_move
	some i, variant in input.new.spec.variants
	variant.weight > 0
	not variant.version in input.rollout.verified
	[was, is] := _weights(variant)
	is > was
}

_may_move if cluster.changed

_may_move if cluster.new

# What the weights are compared with.
_pasts := [before] if not cluster.new

_pasts := input.variants_before if cluster.new

_weights(variant) := [was, is] if {
	not variants.is_arm(variant)
	new := input.new.spec.variants
	was := max([weight |
		some past in _pasts
		weight := variants.weight_before(past, new, variant.version)
	])
	is := variants.weight(new, variant.version)
}

_weights(variant) := [was, is] if {
	variants.is_arm(variant)
	was := max([_of_arms(past, variant.version) | some past in _pasts])
	is := _of_arms(input.new.spec.variants, variant.version)
}

_of_arms(list, version) := sum([variant.weight |
	some variant in list
	variant.version == version
	is_number(variant.weight)
	variants.is_arm(variant)
])

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

_weights(variant) := [was, is] if {
	not variants.is_arm(variant)
	new := input.new.spec.variants
	was := _in_roles_before(variant.version, new)
	is := variants.weight(new, variant.version)
}

_weights(variant) := [was, is] if {
	variants.is_arm(variant)
	was := _of_arms_before(variant.version)
	is := _of_arms(input.new.spec.variants, variant.version)
}

_in_roles_before(version, new) := variants.weight_before(before, new, version) if not cluster.new

_in_roles_before(version, new) := most_before(version, variants.roles_total(new)) if cluster.new

_of_arms_before(version) := _of_arms(before, version) if not cluster.new

_of_arms_before(version) := max({0} | object.get(_given.arms, version, set())) if {
	cluster.new
	count(input.variants_before) > 0
}

# METADATA
# title: Most weight before
# description: >-
#   The most weight that a version had in any cluster of the family, on the scale of roles that have
#   `total` together. Undefined where the family had no cluster.
most_before(version, total) := max({0} | {variants.on_scale(weight, was, total) |
	some [weight, was] in object.get(_given.roles, version, set())
}) if {
	count(input.variants_before) > 0
}

_given := prepared if {
	prepared := input.prepared.weights_before
} else := weights_before

# METADATA
# title: Weights before
# description: >-
#   The different weights that the family's clusters gave each version: in `roles` each with the total
#   of the cluster's roles, in `arms` those of the experiment arms together.
weights_before := {"roles": _in_roles, "arms": _in_arms}

_in_roles[version] contains [variants.weight(past, version), variants.roles_total(past)] if {
	some past in input.variants_before
	some version in {variant.version | some variant in past}
}

_in_arms[version] contains _of_arms(past, version) if {
	some past in input.variants_before
	some version in {variant.version | some variant in past}
}

_of_arms(list, version) := sum([variant.weight |
	some variant in list
	variant.version == version
	is_number(variant.weight)
	variants.is_arm(variant)
])

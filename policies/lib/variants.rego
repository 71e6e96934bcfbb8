# METADATA
# title: Variants
# description: The versions and weights in a cluster's list of variants.
package lockstep.lib.variants

_roles := {"stable", "candidate", "previous"}

# METADATA
# title: Experiment arm
# description: Whether a variant is an arm of an experiment. A name that is a role of a rollout never is one, so
#   that the flag cannot hide a candidate from the rollout rules.
is_arm(variant) if {
	variant.experiment == true
	not variant.name in _roles
}

# METADATA
# title: Well-formed variants
# description: Whether every variant has a version that is text and a weight that is a number.
are_readable(variants) if {
	is_array(variants)
	every variant in variants {
		is_string(variant.version)
		is_number(variant.weight)
	}
}

# METADATA
# title: Plain version
# description: Whether a version is a number of the registry, and not an alias.
is_plain(version) if {
	is_string(version)
	regex.match(`^[1-9][0-9]{0,17}$`, version)
}

# METADATA
# title: Plain versions
# description: >-
#   Whether all versions are plain. Where one is not, version-pinned denies the spec, and rules about
#   rollouts cannot say what the change moves.
are_plain(variants) if {
	every variant in variants {
		is_plain(variant.version)
	}
}

# METADATA
# title: Total of the roles
# description: The weight that experiment arms leave for the roles, out of 100.
roles_total(variants) := 100 - sum([variant.weight |
	some variant in variants
	is_arm(variant)
	is_number(variant.weight)
])

# METADATA
# title: Add up
# description: Whether the weights of roles and arms add up to 100.
add_up(variants) if sum([variant.weight | some variant in variants]) == 100

# METADATA
# title: Weight of a version
# description: >-
#   Its weight in the roles, experiment arms not counted. A weight that is not a number counts as 0:
#   the state before the change may be malformed, and then it served no traffic.
weight(variants, version) := sum([variant.weight |
	some variant in variants
	variant.version == version
	is_number(variant.weight)
	not is_arm(variant)
])

# METADATA
# title: Weight before
# description: >-
#   The weight that a version had in `old`, on the scale of `new`. Removing an experiment arm raises
#   the weight of every role, and that must not count as a move of a version.
weight_before(old, new, version) := on_scale(weight(old, version), roles_total(old), roles_total(new))

# METADATA
# title: Weight on another scale
# description: A weight where the roles had `old` together, as it is where they have `new` together.
on_scale(amount, old, new) := ceil((amount * new) / old) if {
	old > 0
} else := 0

# METADATA
# title: Serving versions
# description: The versions with weight, experiment arms not counted.
serving(variants) := {variant.version |
	some variant in variants
	variant.weight > 0
	not is_arm(variant)
}

# METADATA
# title: Weight of a step
# description: The weight, an integer of at least 1, that a step of `percent` gives a version where the roles
#   have `total` together.
step_weight(total, percent) := max([1, floor((total * percent) / 100)])

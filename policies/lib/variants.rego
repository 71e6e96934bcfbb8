# METADATA
# title: Variants
# description: What a cluster's list of variants says about versions and their shares.
package lockstep.lib.variants

_roles := {"stable", "candidate", "previous"}

# METADATA
# title: Experiment arm
# description: Whether a variant is an arm of an experiment and no role of a rollout.
is_arm(variant) if {
	variant.experiment == true
	not variant.name in _roles
}

# METADATA
# title: Well-formed variants
# description: Whether every variant has a version and a weight that can be reasoned about.
are_readable(variants) if {
	is_array(variants)
	every variant in variants {
		is_string(variant.version)
		is_number(variant.weight)
	}
}

# METADATA
# title: Plain version
# description: Whether a version is a number as the registry counts them, and no name for one.
is_plain(version) if {
	is_string(version)
	regex.match(`^[1-9][0-9]{0,17}$`, version)
}

# METADATA
# title: Plain versions
# description: >-
#   Whether all versions are plain. Where one is not, version-pinned denies the spec, and no rule
#   can say what the change moves.
are_plain(variants) if {
	every variant in variants {
		is_plain(variant.version)
	}
}

# METADATA
# title: Whole
# description: What the experiment arms leave of 100 for the roles.
whole(variants) := 100 - sum([variant.weight |
	some variant in variants
	is_arm(variant)
	is_number(variant.weight)
])

# METADATA
# title: Add up
# description: Whether the weights of roles and arms together are the whole traffic.
add_up(variants) if sum([variant.weight | some variant in variants]) == 100

# METADATA
# title: Weight of a version
# description: >-
#   Its share of the traffic in the roles, experiment arms left out. A weight that is no number
#   counts as none: the past may be malformed, and then nothing in it was reached.
weight(variants, version) := sum([variant.weight |
	some variant in variants
	variant.version == version
	is_number(variant.weight)
	not is_arm(variant)
])

# METADATA
# title: Weight before
# description: >-
#   The weight that a version had in `old`, on the scale of `new`: taking away an arm of an
#   experiment makes every role larger without moving a version.
weight_before(old, new, version) := ceil((weight(old, version) * whole(new)) / whole(old)) if {
	whole(old) > 0
} else := 0

# METADATA
# title: Serving versions
# description: The versions with weight, experiment arms left out.
serving(variants) := {variant.version |
	some variant in variants
	variant.weight > 0
	not is_arm(variant)
}

# METADATA
# title: Weight of a step
# description: The integer that a step of `percent` gives a version where the roles share `whole`.
part(whole, percent) := max([1, floor((whole * percent) / 100)])

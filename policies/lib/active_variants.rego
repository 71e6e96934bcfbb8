# METADATA
# title: Active variants
# description: >-
#   Which variants of the evaluated cluster serve requests or are about to. The candidate counts even
#   while its weight is 0, so that what it lacks is reported in the pull request that proposes it, and
#   not when it gets traffic.
package lockstep.lib.active_variants

# METADATA
# title: Active variants
# description: The variants with weight, and the candidate, by index.
by_index[i] := variant if {
	some i, variant in input.new.spec.variants
	_is_active(variant)
}

# METADATA
# title: Active or warm variants
# description: The active variants, and those that are kept warm without weight, by index.
or_warm[i] := variant if some i, variant in by_index

or_warm[i] := variant if {
	some i, variant in input.new.spec.variants
	variant.warm == true
}

_is_active(variant) if variant.weight > 0

_is_active(variant) if variant.name == "candidate"

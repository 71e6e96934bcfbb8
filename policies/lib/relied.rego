# METADATA
# title: Versions relied on
# description: >-
#   Which variants of the cluster at hand answer requests, or are next to. What a version must bring
#   along is asked of the candidate before it has weight: the pull request that proposes it is the
#   place to hear what it lacks.
package lockstep.lib.relied

# METADATA
# title: Serving or next to serve
# description: The variants with weight, and the candidate, by their index.
serving[i] := variant if {
	some i, variant in input.new.spec.variants
	_serves(variant)
}

# METADATA
# title: Serving, or kept warm to take over
# description: The variants above, and those that run without weight, by their index.
running[i] := variant if some i, variant in serving

running[i] := variant if {
	some i, variant in input.new.spec.variants
	variant.warm == true
}

_serves(variant) if variant.weight > 0

_serves(variant) if variant.name == "candidate"

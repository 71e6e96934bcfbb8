# METADATA
# title: Experiments
# description: What the terms of an experiment say about its arms.
package lockstep.lib.experiments

import data.lockstep.lib.variants

# METADATA
# title: Learns live
# description: >-
#   Whether a variant of a spec is an arm that keeps learning from live feedback. Only the arm's terms
#   say so; an arm without terms does not count.
learns_live(spec, variant) if {
	variants.is_arm(variant)
	spec.experiments[variant.name].learnsFrom == "live"
}

# METADATA
# title: Arms
# description: The names of the experiment arms among the variants.
arms(list) := {variant.name |
	some variant in list
	variants.is_arm(variant)
}

# METADATA
# title: The cluster at hand
# description: >-
#   What several rules of scope cluster ask about it. Each is worked out once per cluster, however
#   many rules ask.
package lockstep.lib.cluster

import data.lockstep.lib.variants

# METADATA
# title: Readable
# description: Whether the variants can be reasoned about.
readable if variants.are_readable(input.new.spec.variants)

# METADATA
# title: Past is known
# description: >-
#   Whether it is known how the cluster was, or that it is new, and how its family was before.
past_is_known if {
	input.old == null
	is_array(input.variants_before)
}

past_is_known if is_object(input.old)

# METADATA
# title: New
# description: Whether the cluster was not there before, under whatever name.
new if input.old == null

# METADATA
# title: Changed
# description: Whether the variants are others than they were. Undefined for a new cluster.
changed if {
	input.old != null
	not _same
}

_same if input.old.spec.variants == input.new.spec.variants

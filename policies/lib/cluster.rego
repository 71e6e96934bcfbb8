# METADATA
# title: The evaluated cluster
# description: >-
#   Facts that several rules of scope cluster need. OPA computes each once per cluster, however many
#   rules use it.
package lockstep.lib.cluster

import data.lockstep.lib.variants

# METADATA
# title: Readable
# description: Whether every variant has a version and a weight of the right type.
readable if variants.are_readable(input.new.spec.variants)

# METADATA
# title: Locks
# description: The locks of the cluster's own versions. input.locks has those of the whole family.
locks[variant.version] := lock if {
	some variant in input.new.spec.variants
	lock := input.locks[variant.version]
}

# METADATA
# title: Past is known
# description: >-
#   Whether the state before the change is known: the cluster as it was, or, for a new one, the
#   variants of its family.
past_is_known if {
	input.old == null
	is_array(input.variants_before)
}

past_is_known if is_object(input.old)

# METADATA
# title: New
# description: Whether the cluster did not exist before, under any name.
new if input.old == null

# METADATA
# title: Changed
# description: Whether the variants differ from those before. Undefined for a new cluster.
changed if {
	input.old != null
	not _same
}

_same if input.old.spec.variants == input.new.spec.variants

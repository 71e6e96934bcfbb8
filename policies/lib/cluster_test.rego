package lockstep.lib.cluster_test

import data.lockstep.lib.cluster
import data.lockstep.lib.example_test as example

test_a_valid_cluster_is_readable if cluster.readable with input as example.cluster

test_a_cluster_without_variants_is_not_readable if {
	not cluster.readable with input as example.without(example.cluster, "/new/spec/variants")
}

test_the_past_is_known_or_absent if {
	cluster.past_is_known with input as example.cluster
	cluster.past_is_known with input as example.change([], [])
	not cluster.past_is_known with input as example.without(example.cluster, "/old")
}

test_changed if {
	cluster.changed with input as example.change([example.stable], example.step(1))
	not cluster.changed with input as example.change([example.stable], [example.stable])
	not cluster.changed with input as example.cluster
}

test_an_unreadable_past_is_a_change if {
	cluster.changed with input as example.put(example.cluster, "/old", {})
}

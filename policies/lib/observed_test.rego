package lockstep.lib.observed_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.observed

_observability := "/environment/spec/observability"

test_an_environment_may_say_nothing if {
	dark := example.without(example.cluster, _observability)
	observed.is_readable with input as dark
	not observed.is_declared with input as dark
	not observed.has("destination") with input as dark
}

test_what_is_no_object_is_not_readable if {
	not observed.is_readable with input as example.put(example.cluster, _observability, "yes")
	not observed.is_readable with input as example.without(example.cluster, "/environment/spec")
}

test_it_has_the_parts_that_it_names if {
	observed.is_readable with input as example.cluster
	observed.is_declared with input as example.cluster
	observed.has("destination") with input as example.cluster
	observed.has("alertmanager") with input as example.cluster
	not observed.has("datadog") with input as example.cluster
}

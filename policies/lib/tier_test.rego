package lockstep.lib.tier_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.tier

test_production_is_the_default if {
	tier.is_production with input as example.cluster
	tier.is_production with input as example.without(example.cluster, "/environment/spec/tier")
	not tier.is_production with input as example.put(
		example.cluster, "/environment/spec/tier",
		"staging",
	)
}

_staging := {"spec": {"tier": "staging"}}

test_what_was_production_is_that_for_the_change_that_ends_it if {
	ended := example.put(example.cluster, "/environment", _staging)
	not tier.is_production with input as ended
	tier.is_production with input as example.put(ended, "/environment_before", {"spec": {}})
	not tier.is_production with input as example.put(ended, "/environment_before", _staging)
	not tier.is_production with input as example.put(ended, "/environment_before", null)
}

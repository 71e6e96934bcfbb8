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

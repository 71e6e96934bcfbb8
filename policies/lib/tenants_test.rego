package lockstep.lib.tenants_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.tenants

test_what_the_environment_lists if {
	listed := tenants.declared with input as example.environment
	[tenant.name | some tenant in listed] == ["risk", "shop"]
	bare := example.without(example.environment, "/environment/spec/tenants")
	tenants.declared == [] with input as bare
}

test_clusters_by_tenant if {
	more := example.put(
		example.environment, "/clusters/-",
		example.tenancy("fraud", "risk", "us-east-1"),
	)
	tenants.clusters == {"risk": {0, 2}, "shop": {1}} with input as more
}

test_the_largest_comes_first_and_then_the_first_by_name if {
	clusters := {"clusters": [{"name": name} | some name in ["b", "a", "c"]]}
	tenants.largest({0: 1, 1: 1, 2: 5}) == ["c", "a", "b"] with input as clusters
	tenants.largest({0: 1}) == ["b"] with input as clusters
}

test_no_more_than_ten_are_named if {
	clusters := {"clusters": [{"name": sprintf("c%02d", [i])} | some i in numbers.range(0, 10)]}
	named := tenants.largest({i: i | some i in numbers.range(0, 10)}) with input as clusters
	count(named) == 10
	named[0] == "c10"
	named[9] == "c01"
}

package lockstep.lib.regions_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.regions

test_each_region_has_its_jurisdictions if {
	twice := example.put(
		example.cluster, "/environment/spec/regions/-",
		{"name": "eu-west-1", "jurisdiction": "UK"},
	)
	regions.jurisdictions["us-east-1"] == {"US"} with input as example.cluster
	regions.jurisdictions["eu-west-1"] == {"EU", "UK"} with input as twice
	not regions.jurisdictions["mars-1"] with input as example.cluster
}

test_readable_needs_name_and_jurisdiction if {
	regions.are_readable with input as example.cluster
	every path in [
		"/environment/spec/regions", "/environment/spec/regions/0/name",
		"/environment/spec/regions/4/jurisdiction",
	] {
		not regions.are_readable with input as example.without(example.cluster, path)
	}
}

package lockstep.rules.host_served_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.host_served

_found(input_) := {[finding.message, finding.pointer] |
	some finding in host_served.deny with input as input_
}

_bare := example.without(example.cluster, "/environment/spec/regions/2/gateways")

test_a_gateway_of_the_region_is_enough if {
	_found(example.cluster) == set()
	host_served.checked with input as example.cluster
}

test_a_gateway_of_the_cluster_is_enough if {
	_found(example.put(_bare, "/new/spec/gateways", ["istio-ingress/models"])) == set()
	_found(example.put(_bare, "/new/spec/gateways", ["mesh"])) == set()
}

test_a_host_without_a_gateway_is_denied if {
	message := concat("", [
		`neither the cluster nor its region "eu-west-1" has gateways, so callers outside the `,
		`mesh cannot reach "fraud.eu-west-1.models.example.com"`,
	])
	_found(_bare) == {[message, "/spec/host"]}
	_found(example.put(_bare, "/environment/spec/regions/2/gateways", [])) == {[message, "/spec/host"]}
	_found(example.put(_bare, "/new/spec/gateways", [])) == {[message, "/spec/host"]}
	elsewhere := example.put(_bare, "/environment/spec/regions/1/gateways", ["mesh"])
	_found(elsewhere) == {[message, "/spec/host"]}
}

test_outside_production_the_mesh_is_enough if {
	_found(example.put(_bare, "/environment/spec/tier", "development")) == set()
	_found(example.put(_bare, "/environment/spec/tier", "staging")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec/host", "/new/spec/region", "/environment/spec/regions"] {
		not host_served.checked with input as example.without(example.cluster, path)
	}
}

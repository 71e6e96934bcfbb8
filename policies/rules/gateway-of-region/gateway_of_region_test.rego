package lockstep.rules.gateway_of_region_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.gateway_of_region

_with(gateways) := example.put(example.cluster, "/new/spec/gateways", gateways)

_found(view) := {[finding.message, finding.pointer] |
	some finding in gateway_of_region.deny with input as view
}

test_gateways_of_the_region_are_allowed if {
	_found(example.cluster) == set()
	_found(_with(["istio-ingress/models", "mesh"])) == set()
	gateway_of_region.checked with input as _with(["istio-ingress/models"])
	gateway_of_region.checked with input as example.cluster
}

test_an_optional_gateway_of_the_region_is_allowed if {
	optional := ["istio-ingress/partners"]
	offered := example.put(
		_with(["istio-ingress/partners"]), "/environment/spec/regions/2/optionalGateways",
		optional,
	)
	_found(offered) == set()
}

test_a_gateway_of_another_region_is_denied if {
	elsewhere := example.put(
		_with(["istio-ingress/models", "istio-ingress/partners"]),
		"/environment/spec/regions/1/gateways", ["istio-ingress/partners"],
	)
	_found(elsewhere) == {[
		concat("", [
			`gateway "istio-ingress/partners" is not one of region "eu-west-1"; allowed there are `,
			`["istio-ingress/models","mesh"]`,
		]),
		"/spec/gateways/1",
	]}
}

test_where_the_region_has_none_there_is_only_the_mesh if {
	bare := example.without(_with(["istio-ingress/models"]), "/environment/spec/regions/2/gateways")
	_found(bare) == {[
		`gateway "istio-ingress/models" is not one of region "eu-west-1"; allowed there are ["mesh"]`,
		"/spec/gateways/0",
	]}
	_found(example.put(bare, "/new/spec/gateways", ["mesh"])) == set()
}

test_an_unknown_region_is_for_residency_to_report if {
	_found(example.put(_with(["a/b"]), "/new/spec/region", "mars")) == set()
}

test_what_is_missing_is_not_checked if {
	every view in [
		example.without(example.cluster, "/new/spec/region"),
		example.without(example.cluster, "/environment/spec/regions"),
		example.without(example.cluster, "/environment/spec/regions/0/name"),
		_with("istio-ingress/models"),
	] {
		not gateway_of_region.checked with input as view
	}
}

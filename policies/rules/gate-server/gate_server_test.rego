package lockstep.rules.gate_server_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.gate_server

_errors := {"name": "errors", "source": "prometheus", "measure": "error_ratio", "max": 0.01}

_steady := example.family({region: [[example.stable], [example.stable]] |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
})

_gated(gate) := example.put(_steady, "/family/spec/gates/1", gate)

_found(view) := {[finding.message, finding.pointer] |
	some finding in gate_server.deny with input as view
}

test_a_family_without_such_gates_needs_no_server if {
	_found(_steady) == set()
	gate_server.checked with input as _steady
}

test_a_server_for_all_regions_is_enough if {
	shared := example.put(_gated(_errors), "/environment/spec/prometheus", "https://p.example.com")
	_found(shared) == set()
	gate_server.checked with input as shared
}

test_each_region_needs_a_server if {
	_found(_gated(_errors)) == {[
		concat("", [
			`gate "errors" is asked of Prometheus, but environment.yaml names none for the regions `,
			`["ap-south-1","eu-west-1","us-east-1"]`,
		]),
		"/spec/gates/1/source",
	]}
	server := "https://p.example.com"
	one := example.put(_gated(_errors), "/environment/spec/regions/0/prometheus", server)
	{message | some [message, _] in _found(one)} == {concat("", [
		`gate "errors" is asked of Prometheus, but environment.yaml names none for the regions `,
		`["eu-west-1","us-east-1"]`,
	])}
}

test_only_regions_of_the_segment_are_asked if {
	segment := {"name": "consumer", "regulated": false}
	one := example.put(_gated(object.union(_errors, {"segment": "consumer"})), "/clusters/2/new/spec/segment", segment)
	{message | some [message, _] in _found(one)} == {concat("", [
		`gate "errors" is asked of Prometheus, but environment.yaml names none for the regions `,
		`["eu-west-1"]`,
	])}
}

test_a_gate_on_argocd_needs_its_server if {
	gated := _gated({"name": "live", "source": "argocd"})
	_found(gated) == {[
		`gate "live" is asked of Argo CD, but environment.yaml has no spec.argocd.server`,
		"/spec/gates/1/source",
	]}
	argocd := {"server": "https://argocd.example.com"}
	_found(example.put(gated, "/environment/spec/argocd", argocd)) == set()
}

test_what_is_missing_is_not_checked if {
	not gate_server.checked with input as example.without(_steady, "/family/spec/gates")
	not gate_server.checked with input as example.without(_steady, "/environment/spec/regions")
	not gate_server.checked with input as example.without(_steady, "/clusters/0/new/spec/region")
}

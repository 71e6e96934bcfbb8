package lockstep.rules.one_owner_of_host_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.rendered_test as rendered
import data.lockstep.rules.one_owner_of_host

_valid := rendered.cluster(rendered.routes)

_found(changed) := {[finding.message, object.get(finding, "object", null), finding.pointer] |
	some finding in one_owner_of_host.deny with input as changed
}

test_what_is_rendered_is_allowed if {
	_found(_valid) == set()
	one_owner_of_host.checked with input as _valid
}

test_a_second_owner_is_denied if {
	second := object.union(
		rendered.virtual_service("fraud-b", []),
		{"spec": {"hosts": ["fraud.eu-west-1.models.example.com"]}},
	)
	_found(example.put(_valid, "/rendered/VirtualService/-", second)) == {[
		concat("", [
			`host "fraud.eu-west-1.models.example.com" is routed by VirtualService `,
			`"fraud-eu-west-1" and by "fraud-b"`,
		]),
		{"kind": "VirtualService", "name": "fraud-b"},
		"/spec/hosts/0",
	]}
}

test_two_objects_may_share_the_hosts if {
	halves := json.patch(_valid, [
		{
			"op": "replace", "path": "/rendered/VirtualService/0/spec/hosts",
			"value": ["fraud.eu-west-1.models.example.com"],
		},
		{
			"op": "add", "path": "/rendered/VirtualService/-",
			"value": {"metadata": {"name": "inside"}, "spec": {"hosts": [rendered.service]}},
		},
	])
	_found(halves) == set()
}

test_the_host_of_another_cluster_is_denied if {
	greedy := example.put(_valid, "/rendered/VirtualService/0/spec/hosts/-", "*.models.example.com")
	_found(greedy) == {[
		concat("", [
			`VirtualService "fraud-eu-west-1" routes host "*.models.example.com", `,
			"which is neither in spec.host or spec.hosts nor a Service of this cluster",
		]),
		{"kind": "VirtualService", "name": "fraud-eu-west-1"},
		"/spec/hosts/2",
	]}
}

test_a_further_host_of_the_spec_is_allowed if {
	further := example.put(_valid, "/new/spec/hosts", ["fraud.example.com"])
	_found(further) == {[
		`no VirtualService routes the host "fraud.example.com"`, null,
		"/spec/hosts/0",
	]}
	_found(example.put(further, "/rendered/VirtualService/0/spec/hosts/-", "fraud.example.com")) == set()
}

test_the_service_of_another_namespace_is_denied if {
	moved := example.put(_valid, "/rendered/Service/0/metadata/namespace", "ranking")
	{pointer | some [_, _, pointer] in _found(moved)} == {"/spec/hosts/1"}
}

test_an_unrouted_host_is_denied if {
	inside := example.without(_valid, "/rendered/VirtualService/0/spec/hosts/0")
	none := example.put(_valid, "/rendered/VirtualService", [])
	every changed in [inside, none] {
		_found(changed) == {[
			`no VirtualService routes the host "fraud.eu-west-1.models.example.com"`,
			null,
			"/spec/host",
		]}
	}
}

test_where_nothing_was_rendered_nothing_is_missed if {
	nothing := example.put(_valid, "/rendered", {"VirtualService": [], "Service": []})
	_found(nothing) == set()
	one_owner_of_host.checked with input as nothing
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/new/spec/host", "/rendered", "/rendered/VirtualService", "/rendered/Service",
		"/rendered/VirtualService/0/metadata", "/rendered/Service/0/spec",
	] {
		not one_owner_of_host.checked with input as example.without(_valid, path)
	}
}

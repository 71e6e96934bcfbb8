package lockstep.rules.addresses_kept_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.addresses_kept

_host := example.cluster.new.spec.host

_with(spec) := object.union(example.cluster.new, {"spec": spec})

_change(old, new) := object.union(
	example.cluster,
	{"old": _with(old), "new": _with(new), "environment_before": example.shared.environment},
)

_found_in(view) := {[finding.message, finding.pointer] |
	some finding in addresses_kept.deny with input as view
}

_found(old, new) := _found_in(_change(old, new))

_ports(ports) := {"serving": {"ports": ports}}

test_what_stays_or_comes_needs_no_approval if {
	_found({}, {}) == set()
	_found({}, {"hosts": ["a.example.com"], "gateways": ["istio-ingress/models", "istio-ingress/b"]}) == set()
	_found(_ports({"grpc": 8001}), _ports({"grpc-a": 8001, "grpc-b": 8002})) == set()
	_found({"gateways": ["istio-ingress/models"]}, {}) == set()
	_found_in(example.cluster) == set()
	addresses_kept.checked with input as _change({}, {})
	addresses_kept.checked with input as example.cluster
}

test_a_host_that_goes if {
	_found({"hosts": ["a.example.com"]}, {}) == {[
		`host "a.example.com" is no longer routed by this cluster; its callers get 404`, "/spec/host",
	]}
	{pointer | some [_, pointer] in _found({}, {"host": "a.example.com"})} == {"/spec/host"}
	_found({}, {"host": "a.example.com", "hosts": [_host]}) == set()
}

test_a_gateway_that_goes if {
	says := [
		`Gateway "istio-ingress/models" no longer serves the hosts of this cluster; requests through it get 404`,
		"/spec/gateways",
	]
	_found({}, {"gateways": ["istio-ingress/b"]}) == {says}
	view := example.put(_change({}, {}), "/environment/spec/regions/2/gateways", ["istio-ingress/b"])
	_found_in(view) == {says}
}

test_a_cluster_that_moves_has_other_gateways if {
	view := example.put(_change({}, {}), "/environment/spec/regions/2/gateways", ["istio-ingress/b"])
	_found_in(example.put(view, "/old/spec/region", "us-east-1")) == set()
}

test_a_port_that_goes_or_gets_another_number if {
	says := ["port 8001 of the Service is removed; its callers are refused", "/spec/serving/ports"]
	_found(_ports({"grpc": 8001}), {}) == {says}
	_found(_ports({"grpc": 8001}), _ports({"grpc": 8002})) == {says}
}

test_what_is_missing_is_not_checked if {
	not addresses_kept.checked with input as example.without(_change({}, {}), "/new/spec/host")
	not addresses_kept.checked with input as _change({}, {"hosts": "a.example.com"})
	not addresses_kept.checked with input as _change({}, _ports([8001]))
}

package lockstep.rules.network_closed_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.network_closed

_closed := {
	"authorization": "enforce",
	"registry": [{"cidrs": ["10.40.0.0/24"], "ports": [443]}],
	"egress": [{"namespace": "features", "ports": [6566]}],
	"featureWriters": [{"cidrs": ["10.30.0.0/24"], "ports": [443, 8443]}],
}

_with(network) := example.put(example.environment, "/environment/spec/network", network)

_found(view) := {[finding.message, finding.pointer] | some finding in network_closed.deny with input as view}

# The first cluster has an arm that learns from live data.
_learning(network) := json.patch(_with(network), [
	{
		"op": "add", "path": "/clusters/0/spec/variants/-",
		"value": {"name": "bandit", "version": "42", "weight": 5, "experiment": true},
	},
	{"op": "add", "path": "/clusters/0/spec/experiments", "value": {"bandit": {"learnsFrom": "live"}}},
])

test_a_closed_network_is_allowed if {
	_found(_with(_closed)) == set()
	_found(_learning(_closed)) == set()
	network_closed.checked with input as _learning(_closed)
}

test_production_without_a_network_is_reported if {
	_found(example.environment) == {[
		"spec.network is missing; any pod may reach those of 2 tenants, and they may reach anything",
		"/spec/network",
	]}
	_found(example.put(example.environment, "/environment/spec/tier", "staging")) == set()
	_found(example.without(example.environment, "/environment/spec/tenants")) == set()
}

test_without_authorization_nobody_is_asked_who_it_is if {
	open := object.remove(_closed, ["authorization"])
	{pointer | some [_, pointer] in _found(_with(open))} == {"/spec/network/authorization"}
	_found(example.put(_with(open), "/environment/spec/tier", "staging")) == set()
}

test_the_registry_is_within_reach if {
	registries := {"mlflow": {"address": "https://mlflow.example.com"}}
	view := example.put(_with(_closed), "/environment/spec/registries", registries)
	_found(view) == set()
	_found(example.without(view, "/environment/spec/network/registry")) == {[
		`pods fetch models from ["https://mlflow.example.com"], which spec.network does not let them reach`,
		"/spec/network/registry",
	]}
}

test_a_learning_arm_is_cut_off_from_the_writers if {
	unknown := object.remove(_closed, ["featureWriters"])
	_found(_learning(unknown)) == {[
		`arm "bandit" learns from live data, and spec.network does not say what writes production's features`,
		"/spec/experiments/bandit/learnsFrom",
	]}
	_found(_with(unknown)) == set()
}

test_no_other_rule_lets_it_through if {
	wide := object.union(_closed, {"egress": [{"cidrs": ["10.0.0.0/8", "fd00::/8"], "ports": [80, 443]}]})
	_found(_learning(wide)) == {[
		`the "egress" of spec.network lets all pods reach "10.0.0.0/8" on port 443, which writes production's features`,
		"/spec/network/egress/0",
	]}
	_found(_with(wide)) == set()
	other_port := object.union(_closed, {"egress": [{"cidrs": ["10.0.0.0/8"], "ports": [80]}]})
	_found(_learning(other_port)) == set()
	same := object.union(_closed, {"featureWriters": [{"namespace": "features", "ports": [6566]}]})
	_found(_learning(same)) == {[
		`the "egress" of spec.network lets all pods reach "features" on port 6566, which writes production's features`,
		"/spec/network/egress/0",
	]}
}

test_what_is_missing_is_not_checked if {
	every path in ["/environment/spec", "/clusters/0/name", "/clusters/1/spec/variants"] {
		not network_closed.checked with input as example.without(_with(_closed), path)
	}
	not network_closed.checked with input as example.put(_with(_closed), "/environment/spec/tenants", {})
	not network_closed.checked with input as _with([])
}

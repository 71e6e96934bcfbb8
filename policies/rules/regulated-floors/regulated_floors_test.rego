package lockstep.rules.regulated_floors_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.regulated_floors

_floors := {"regulated_floors": {"floors": {
	"auc": {"min": 0, "minSamples": 100},
	"fpr": {"max": 0, "confidence": 0.9},
}}}

_auc := {"name": "auc", "source": "mlflow", "metric": "auc", "min": 0, "minSamples": 100}

_fpr := {"name": "fpr", "source": "mlflow", "metric": "fpr", "max": 0, "confidence": 0.9}

_own(gate, changes) := object.union(gate, object.union({"segment": "consumer"}, changes))

_base := example.family({region: [[example.stable], [example.stable]] |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
})

_with(regulated, gates) := example.put(
	example.put(
		example.put(
			_base, "/clusters/1/new/spec/segment",
			{"name": "consumer", "regulated": regulated},
		),
		"/clusters/2/new/spec/segment", {"name": "business", "regulated": false},
	),
	"/family/spec/gates", gates,
)

_found(gates) := _found_in(_with(true, gates))

_found_in(input_) := {[finding.message, finding.pointer] |
	some finding in regulated_floors.deny with input as input_ with data.thresholds as _floors
}

test_gates_at_the_floor_are_allowed if {
	_found([_auc, _fpr]) == set()
	_found([_own(_auc, {}), _own(_fpr, {})]) == set()
	_found([_auc, _own(_fpr, {"max": -1})]) == set()
	regulated_floors.checked with input as _base with data.thresholds as _floors
}

test_what_was_regulated_is_that_for_the_change_that_ends_it if {
	ended := _with(false, [_auc])
	_found_in(ended) == set()
	before := {"name": "consumer", "regulated": true}
	count(_found_in(example.put(ended, "/clusters/1/old/spec/segment", before))) == 1
	_found_in(example.put(ended, "/clusters/1/old", null)) == set()
}

test_a_metric_without_gate_is_denied if {
	message := concat("", [
		`regulated segment "consumer" has no gate on metric "fpr"; the floor is `,
		`{"confidence":0.9,"max":0}`,
	])
	_found([_auc]) == {[message, "/spec/gates"]}
	_found([_auc, object.union(_fpr, {"segment": "business"})]) == {[message, "/spec/gates"]}
}

test_a_gate_that_is_asked_before_the_first_step_holds_no_floor if {
	proposal := {"when": "propose"}
	{pointer | some [_, pointer] in _found([_auc, object.union(_fpr, proposal)])} == {"/spec/gates"}
	_found([_auc, _fpr, _own(_fpr, object.union(proposal, {"name": "before", "max": 1}))]) == set()
}

test_a_bound_below_the_floor_is_denied if {
	_found([object.union(_auc, {"min": -0.1}), _fpr]) == {[
		concat("", [
			`gate "auc" requires {"min":-0.1,"minSamples":100} of regulated segment "consumer" on `,
			`metric "auc"; the floor is {"min":0,"minSamples":100}`,
		]),
		"/spec/gates/0",
	]}
	{pointer | some [_, pointer] in _found([_auc, object.union(_fpr, {"max": 0.1})])} == {"/spec/gates/1"}
}

test_samples_and_confidence_are_part_of_the_floor if {
	every gates in [
		[object.union(_auc, {"minSamples": 99}), _fpr],
		[object.remove(_auc, ["minSamples"]), _fpr],
		[_auc, object.union(_fpr, {"confidence": 0.8})],
		[_auc, object.remove(_fpr, ["confidence"])],
		[object.union(object.remove(_auc, ["min"]), {"maxDropVsStable": 0}), _fpr],
	] {
		count(_found(gates)) == 1
	}
}

test_the_segments_own_gate_is_named_before_the_familys if {
	lax := {"minSamples": 1}
	gates := [object.union(_auc, lax), _fpr, _own(_auc, lax), _own(_auc, lax)]
	{pointer | some [_, pointer] in _found(gates)} == {"/spec/gates/2"}
}

test_one_gate_that_holds_the_floor_is_enough if {
	_found([object.union(_auc, {"min": -1}), _fpr, _own(_auc, {})]) == set()
}

test_an_own_gate_laxer_than_the_familys_is_denied if {
	_found([object.union(_auc, {"min": 0.9}), _fpr, _own(_auc, {"name": "mine", "min": 0.8})]) == {[
		concat("", [
			`gate "mine" of regulated segment "consumer" has {"min":0.8}, but gate "auc" of the `,
			`whole family has {"min":0.9}`,
		]),
		"/spec/gates/2/min",
	]}
	laxer := [_auc, object.union(_fpr, {"max": -2}), _own(_fpr, {"max": -1})]
	{pointer | some [_, pointer] in _found(laxer)} == {"/spec/gates/2/max"}
	drop := {"maxDropVsStable": 0.1}
	more := [object.union(_auc, drop), _fpr, _own(_auc, {"maxDropVsStable": 0.2})]
	{pointer | some [_, pointer] in _found(more)} == {"/spec/gates/2/maxDropVsStable"}
}

test_an_own_gate_as_strict_as_the_familys_is_allowed if {
	_found([_auc, _fpr, _own(_auc, {}), _own(_fpr, {})]) == set()
	_found([object.union(_auc, {"min": 0.9}), _fpr, _own(_auc, {"metric": "recall"})]) == set()
}

test_a_segment_that_is_not_regulated_is_exempt if {
	_found_in(_with(false, [_own(_auc, {"min": -1}), _auc])) == set()
	_found_in(_base) == set()
}

test_floors_hold_in_production_and_order_everywhere if {
	staging := example.put(_with(true, []), "/environment/spec/tier", "staging")
	_found_in(staging) == set()
	lax := example.put(staging, "/family/spec/gates", [object.union(_auc, {"min": -1})])
	_found_in(lax) == set()
	order := example.put(staging, "/family/spec/gates", [_auc, _own(_auc, {"min": -1})])
	count(_found_in(order)) == 1
}

test_a_drop_can_be_a_floor if {
	drop := {"regulated_floors": {"floors": {"auc": {"maxDropVsStable": 0}}}}
	just := _with(true, [object.union(_auc, {"maxDropVsStable": 0})])
	more := _with(true, [object.union(_auc, {"maxDropVsStable": 0.01})])
	none := _with(true, [_auc])
	count(regulated_floors.deny) == 0 with input as just with data.thresholds as drop
	count(regulated_floors.deny) == 1 with input as more with data.thresholds as drop
	count(regulated_floors.deny) == 1 with input as none with data.thresholds as drop
}

test_what_is_missing_is_not_checked if {
	every path in ["/clusters", "/clusters/1/new/spec", "/family/spec/gates", "/environment/spec"] {
		not regulated_floors.checked with input as example.without(_base, path)
			with data.thresholds as _floors
	}
	not regulated_floors.checked with input as _base with data.thresholds as {}
	not regulated_floors.checked with input as example.put(_base, "/clusters", {})
		with data.thresholds as _floors
}

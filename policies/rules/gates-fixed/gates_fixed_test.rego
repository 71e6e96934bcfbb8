package lockstep.rules.gates_fixed_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.gates_fixed

_running(phase) := json.patch(
	example.family({"ap-south-1": [null, []], "us-east-1": [null, []], "eu-west-1": [null, []]}),
	[
		{"op": "add", "path": "/rollout/phase", "value": phase},
		{"op": "add", "path": "/family/spec/rollout/steps", "value": _steps("2h")},
		{"op": "add", "path": "/family_before/spec/rollout/steps", "value": _steps("1h")},
	],
)

_steps(bake) := [{"weight": weight, "bake": bake} | some weight in [1, 100]]

_found(changed) := {[finding.message, finding.pointer] |
	some finding in gates_fixed.deny with input as changed
}

_put(path, value) := _found(example.put(_running("rolling"), path, value))

_second := {"name": "fpr", "source": "mlflow", "metric": "fpr", "dataset": "live", "max": 0.1}

test_other_bakes_are_exempt if {
	_found(_running("rolling")) == set()
	gates_fixed.checked with input as _running("rolling")
}

test_a_changed_gate_is_denied_at_the_field if {
	_put("/family/spec/gates/0/min", 0.8) == {[
		`"min" of gate "auc" changed from 0.9 to 0.8 while a rollout is "rolling"`,
		"/spec/gates/0/min",
	]}
	_found(example.put(_running("held"), "/family/spec/gates/0/min", 0.8)) == {[
		`"min" of gate "auc" changed from 0.9 to 0.8 while a rollout is "held"`,
		"/spec/gates/0/min",
	]}
}

test_a_field_that_comes_or_goes_is_a_change if {
	_put("/family/spec/gates/0/segment", "consumer") == {[
		`"segment" of gate "auc" changed from null to "consumer" while a rollout is "rolling"`,
		"/spec/gates/0/segment",
	]}
	_found(example.without(_running("rolling"), "/family/spec/gates/0/dataset")) == {[
		`"dataset" of gate "auc" changed from "holdout-{region}" to null while a rollout is "rolling"`,
		"/spec/gates/0/dataset",
	]}
}

test_a_new_gate_is_denied if {
	_put("/family/spec/gates/-", _second) == {[
		`gate "fpr" was added while a rollout is "rolling"`,
		"/spec/gates/1",
	]}
}

test_a_gate_that_is_gone_is_denied if {
	_put("/family_before/spec/gates/-", _second) == {[
		`gate "fpr" was removed while a rollout is "rolling"`,
		"/spec/gates",
	]}
}

test_another_order_of_gates_is_exempt if {
	both := json.patch(_running("rolling"), [
		{"op": "add", "path": "/family/spec/gates/-", "value": _second},
		{"op": "add", "path": "/family_before/spec/gates/0", "value": _second},
	])
	_found(both) == set()
}

test_a_changed_plan_is_denied if {
	_put("/family/spec/rollout/onFailure", "hold") == {[
		`"onFailure" of spec.rollout changed from "revert" to "hold" while a rollout is "rolling"`,
		"/spec/rollout/onFailure",
	]}
	_put("/family/spec/rollout/waves", [["eu-west-1"]]) == {[
		concat("", [
			`"waves" of spec.rollout changed from [["ap-south-1"],["us-east-1"],["eu-west-1"]] to `,
			`[["eu-west-1"]] while a rollout is "rolling"`,
		]),
		"/spec/rollout/waves",
	]}
	_put("/family/spec/rollout/steps/0/weight", 50) == {[
		concat("", [
			`"steps" of spec.rollout changed from [{"weight":1},{"weight":100}] to `,
			`[{"weight":50},{"weight":100}] while a rollout is "rolling"`,
		]),
		"/spec/rollout/steps",
	]}
}

test_outside_of_a_rollout_all_may_change if {
	every phase in ["new", "steady", "proposed", "shifted"] {
		changed := json.patch(_running(phase), [
			{"op": "add", "path": "/family/spec/gates/0/min", "value": 0.8},
			{"op": "add", "path": "/family/spec/gates/-", "value": _second},
			{"op": "add", "path": "/family_before/spec/gates/0", "value": object.union(_second, {"name": "gone"})},
			{"op": "add", "path": "/family/spec/rollout/onFailure", "value": "hold"},
		])
		_found(changed) == set()
	}
}

test_a_new_family_is_exempt if {
	newcomer := example.put(_running("rolling"), "/family_before", null)
	_found(newcomer) == set()
	gates_fixed.checked with input as newcomer
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/rollout/phase", "/family/spec/gates", "/family/spec/rollout/waves",
		"/family/spec/rollout/steps", "/family/spec/rollout/onFailure", "/family_before",
		"/family_before/spec",
	] {
		not gates_fixed.checked with input as example.without(_running("rolling"), path)
	}
}

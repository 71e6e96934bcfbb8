package lockstep_test

import data.lockstep
import data.lockstep.lib.example_test as example

_documents := {
	"a.yaml": {
		"name": "fraud-ap-south-1",
		"old": example.document("ap-south-1", [example.stable]),
		"new": example.document("ap-south-1", example.step(50)),
	},
	"b.yaml": {
		"name": "fraud-us-east-1",
		"unchanged": true,
		"new": example.document("us-east-1", example.step(-1)),
	},
}

_surroundings := {"environment", "environment_before", "time"}

_batch(items) := {
	"rules": {
		"cluster": ["weights_sum", "step_in_plan"],
		"family": ["version_skew"],
		"environment": [],
	},
	"time": example.shared.time,
	"tenancies": {"prod": {"families": [], "clusters": []}},
	"environments": {"prod": example.shared.environment},
	"environments_before": {"prod": example.shared.environment_before},
	"families": {"prod/fraud": object.remove(example.shared, _surroundings)},
	"clusters": _documents,
	"items": items,
}

_item(scope, id, clusters) := {
	"id": id,
	"scope": scope,
	"environment": "prod",
	"family": "prod/fraud",
	"clusters": clusters,
}

_answers(items) := answers if answers := lockstep.answers with input as _batch(items)

test_each_item_sees_its_own_input if {
	[a, b] := _answers([
		_item("cluster", "a.yaml", ["a.yaml"]),
		_item("cluster", "b.yaml", ["b.yaml"]),
	])
	[a.id, b.id] == ["a.yaml", "b.yaml"]
	a.evaluated == ["step_in_plan", "weights_sum"]
	[finding.rule | some finding in a.findings] == ["step_in_plan"]
	[finding.pointer | some finding in b.findings] == ["/spec/variants/1/weight"]
}

test_an_unchanged_cluster_is_its_own_past if {
	[answer] := _answers([_item("cluster", "b.yaml", ["b.yaml"])])
	"step_in_plan" in answer.evaluated
}

test_a_family_sees_all_of_its_clusters if {
	[answer] := _answers([_item("family", "family.yaml", ["a.yaml", "b.yaml"])])
	answer == {"id": "family.yaml", "evaluated": ["version_skew"], "findings": []}
}

test_an_environment_sees_its_families_and_clusters if {
	[answer] := _answers([_item("environment", "environment.yaml", [])])
	answer == {"id": "environment.yaml", "evaluated": [], "findings": []}
	known := object.remove(_batch([_item("environment", "environment.yaml", [])]), ["tenancies"])
	[] == lockstep.answers with input as known
}

test_an_item_without_its_data_has_no_answer if {
	_answers([_item("cluster", "c.yaml", ["c.yaml"])]) == []
	_answers([_item("galaxy", "a.yaml", ["a.yaml"])]) == []
}

test_a_misspelt_rule_is_not_evaluated if {
	batch := _batch([_item("cluster", "b.yaml", ["b.yaml"])])
	misspelt := json.patch(batch, [{
		"op": "replace",
		"path": "/rules/cluster",
		"value": ["weight_sum", "weights_sum"],
	}])
	[answer] := lockstep.answers with input as misspelt
	answer.evaluated == ["weights_sum"]
}

test_a_rule_that_lacks_a_value_is_not_evaluated if {
	batch := json.remove(_batch([_item("cluster", "b.yaml", ["b.yaml"])]), ["/clusters/b.yaml/new/spec"])
	[answer] := lockstep.answers with input as batch
	answer.evaluated == []
}

test_a_rule_whose_denials_are_no_set_is_not_evaluated if {
	batch := _batch([_item("cluster", "a.yaml", ["a.yaml"])])
	[answer] := lockstep.answers with input as batch
		with data.lockstep.rules.weights_sum.deny as true
	answer.evaluated == ["step_in_plan"]
}

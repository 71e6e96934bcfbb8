package lockstep.rules.segment_thresholds_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.segment_thresholds

_steady := example.family({region: [[example.stable], [example.stable]] |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
})

# The family with these segments in its clusters, in their order, and with gates for these.
_with(segments, gated) := example.put(
	example.put(_steady, "/clusters", [cluster |
		some i, segment in segments
		cluster := example.put(
			_steady.clusters[i], "/new/spec/segment",
			{"name": segment, "regulated": false},
		)
	]),
	"/family/spec/gates",
	array.concat(_steady.family.spec.gates, [gate |
		some segment in gated
		gate := {"name": concat("-", [segment, "auc"]), "source": "mlflow", "segment": segment}
	]),
)

_found(input_) := {finding |
	some finding in segment_thresholds.deny with input as input_
}

test_segments_with_gates_are_allowed if {
	_found(_with(["consumer", "business", "consumer"], ["business", "consumer"])) == set()
	_found(_steady) == set()
	segment_thresholds.checked with input as _steady
	segment_thresholds.checked with input as _with(["consumer"], ["consumer"])
}

test_a_segment_without_gate_is_denied_at_its_clusters if {
	_found(_with(["consumer", "business", "consumer"], ["business"])) == {{
		"message": concat("", [
			`the family has no gate for segment "consumer"; it has gates for the segments `,
			`["business"]`,
		]),
		"fix": "add a gate for this segment, with bounds that suit it",
		"pointer": "/spec/segment/name",
		"cluster": "fraud-ap-south-1",
		"also": [{
			"cluster": "fraud-eu-west-1",
			"pointer": "/spec/segment/name",
			"note": "involved",
		}],
	}}
}

test_a_gate_that_is_asked_before_the_first_step_protects_no_segment if {
	gated := _with(["consumer", "consumer", "consumer"], ["consumer"])
	proposal := example.put(gated, "/family/spec/gates/1/when", "propose")
	{finding.pointer | some finding in _found(proposal)} == {"/spec/segment/name"}
}

test_only_production_needs_gates_for_all if {
	staging := example.put(_with(["consumer"], []), "/environment/spec/tier", "staging")
	_found(staging) == set()
}

test_a_gate_for_no_segment_is_denied_everywhere if {
	wrong := _with(["consumer", "consumer", "consumer"], ["consumer", "consumers"])
	staging := example.put(wrong, "/environment/spec/tier", "staging")
	every one in [wrong, staging] {
		{[finding.message, finding.pointer] | some finding in _found(one)} == {[
			concat("", [
				`gate "consumers-auc" is for segment "consumers", but the clusters of the family `,
				`serve only the segments ["consumer"]`,
			]),
			"/spec/gates/2/segment",
		]}
	}
}

test_a_gate_for_a_segment_of_a_family_without_segments_is_denied if {
	gates := _with([], ["consumer"]).family.spec.gates
	{finding.pointer |
		some finding in _found(example.put(_steady, "/family/spec/gates", gates))
	} == {"/spec/gates/1/segment"}
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/clusters", "/clusters/0/name", "/clusters/1/new/spec", "/family/spec/gates",
		"/environment/spec",
	] {
		not segment_thresholds.checked with input as example.without(_steady, path)
	}
	not segment_thresholds.checked with input as example.put(_steady, "/clusters", {})
}

test_a_gate_may_be_for_a_cluster_that_is_left_out if {
	alone := _with(["consumer"], ["consumer", "business"])
	count(_found(alone)) == 1
	_found(example.put(alone, "/complete", false)) == set()
}

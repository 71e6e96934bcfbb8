package lockstep.rules.slo_present_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.slo_present

_thresholds := {"production": 99.5}

_slo(slo) := example.put(example.cluster, "/new/spec/observability/slo", slo)

_staging(view) := example.put(view, "/environment/spec/tier", "staging")

_found(view) := {[finding.message, finding.pointer] |
	some finding in slo_present.deny with input as view
		with data.thresholds.slo_present as _thresholds
}

_checked(view) if {
	slo_present.checked with input as view with data.thresholds.slo_present as _thresholds
}

_whole := {"availability": 99.5, "latency": "300ms", "percentile": 95}

test_an_objective_of_just_enough_is_allowed if {
	_found(_slo(_whole)) == set()
	_checked(_slo(_whole))
}

test_production_needs_an_objective if {
	every path in ["/new/spec/observability", "/new/spec/observability/slo"] {
		bare := example.without(example.cluster, path)
		_found(bare) == {[
			"spec.observability.slo is missing; production requires 99.5 percent availability",
			"/spec/observability/slo",
		]}
		_found(_staging(bare)) == set()
		_checked(bare)
	}
}

test_too_little_availability_is_denied_in_production if {
	low := _slo(object.union(_whole, {"availability": 99.49}))
	_found(low) == {[
		"the objective is 99.49 percent availability; production requires at least 99.5",
		"/spec/observability/slo/availability",
	]}
	_found(_staging(low)) == set()
}

test_a_latency_without_its_share_is_denied if {
	_found(_slo({"availability": 99.9, "latency": "1s"})) == {[
		concat("", [
			`the objective {"availability":99.9,"latency":"1s"} has no ["percentile"]; slow `,
			"answers would not violate it",
		]),
		"/spec/observability/slo",
	]}
	count(_found(_slo({"availability": 99.9, "percentile": 99}))) == 1
	count(_found(_slo({"availability": 99.9}))) == 1
	_found(_staging(_slo({"availability": 99.9}))) == set()
}

test_what_is_missing_is_not_checked if {
	not _checked(example.without(example.cluster, "/new/spec"))
	every slo in ["good", null, {"availability": "99.9"}] {
		not _checked(_slo(slo))
	}
}

test_without_thresholds_it_is_not_checked if {
	not slo_present.checked with input as example.cluster with data.thresholds as {}
}

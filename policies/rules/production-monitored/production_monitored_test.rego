package lockstep.rules.production_monitored_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.production_monitored

_thresholds := {"parts": ["destination", "alertmanager"]}

_observability := "/environment/spec/observability"

_staging(view) := example.put(view, "/environment/spec/tier", "staging")

_no(part) := example.without(example.environment, concat("/", [_observability, part]))

_found(view) := {[finding.message, finding.pointer] |
	some finding in production_monitored.deny with input as view
		with data.thresholds.production_monitored as _thresholds
}

_checked(view) if {
	production_monitored.checked with input as view
		with data.thresholds.production_monitored as _thresholds
}

test_an_environment_with_all_parts_is_allowed if {
	_found(example.environment) == set()
	_checked(example.environment)
}

test_production_says_how_it_is_observed if {
	dark := example.without(example.environment, _observability)
	_found(dark) == {[
		concat("", [
			"spec.observability is missing; nothing evaluates the alerts of the 2 families of ",
			"production, and no one is paged",
		]),
		"/spec/observability",
	]}
	_found(_staging(dark)) == set()
	_checked(dark)
}

test_production_has_each_part if {
	_found(_no("destination")) == {[
		concat("", [
			`spec.observability has ["alertmanager","labels","namespace"] and no "destination": `,
			`"no dashboard is shown, and no alert compares regions"`,
		]),
		"/spec/observability/destination",
	]}
	_found(_no("alertmanager")) == {[
		concat("", [
			`spec.observability has ["destination","labels","namespace"] and no "alertmanager": `,
			`"no one is paged"`,
		]),
		"/spec/observability/alertmanager",
	]}
	_found(_staging(_no("alertmanager"))) == set()
}

test_the_thresholds_say_which_parts if {
	pointers := {finding.pointer |
		some finding in production_monitored.deny with input as _no("alertmanager")
			with data.thresholds.production_monitored as {"parts": ["datadog"]}
	}
	pointers == {"/spec/observability/datadog"}
}

test_what_is_missing_is_not_checked if {
	every path in ["/families", "/environment/spec"] {
		not _checked(example.without(example.environment, path))
	}
	not _checked(example.put(example.environment, _observability, true))
}

test_without_thresholds_it_is_not_checked if {
	not production_monitored.checked with input as example.environment with data.thresholds as {}
}

package lockstep.rules.cost_declared_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.cost_declared

# 3 pods of half a core and 1 GiB at 2 a pod and hour: 3 × 730 × 2 = 4380.
_thresholds := {"prices": {"EUR": {"cpuHour": 2, "gibHour": 1}}}

_monthly(monthly) := example.put(example.cluster, "/new/spec/cost/monthly", monthly)

_staging(view) := example.put(view, "/environment/spec/tier", "staging")

_found(view) := {[finding.message, finding.pointer] |
	some finding in cost_declared.deny with input as view
		with data.thresholds.cost_declared as _thresholds
}

_checked(view) if {
	cost_declared.checked with input as view with data.thresholds.cost_declared as _thresholds
}

test_the_estimate_itself_is_enough if {
	_found(_monthly(4380)) == set()
	_checked(_monthly(4380))
}

test_less_than_the_estimate_is_denied_everywhere if {
	found := _found(_monthly(4379))
	found == {[
		`spec.cost.monthly is 4379, but 3 pods cost about "4380 EUR" a month`,
		"/spec/cost/monthly",
	]}
	_found(_staging(_monthly(4379))) == found
}

_variants := [
	{"name": "stable", "version": "42", "weight": 100},
	{"name": "previous", "version": "41", "weight": 0, "warm": true},
	{"name": "candidate", "version": "43", "weight": 0},
]

test_every_version_of_a_rollout_costs_from_the_proposal_on if {
	three := example.put(_monthly(13139), "/new/spec/variants", _variants)
	_found(three) == {[
		`spec.cost.monthly is 13139, but 9 pods cost about "13140 EUR" a month`,
		"/spec/cost/monthly",
	]}
	_found(example.put(three, "/new/spec/cost/monthly", 13140)) == set()
}

test_a_version_that_is_kept_warm_costs_all_pods_that_its_autoscaler_may_start if {
	two := example.put(_monthly(1), "/new/spec/variants", array.slice(_variants, 0, 2))
	scaled := example.put(two, "/new/spec/serving/hpa", {"maxReplicas": 8, "cpu": 70})
	found := {finding[0] | some finding in _found(scaled)}
	found == {`spec.cost.monthly is 1, but 11 pods cost about "16060 EUR" a month`}
}

test_a_part_of_the_currency_counts_as_a_whole if {
	dear := {"prices": {"EUR": {"cpuHour": 0.02, "gibHour": 0.0003}}}
	found := cost_declared.deny with input as _monthly(22)
		with data.thresholds.cost_declared as dear
	{finding.message | some finding in found} == {
		`spec.cost.monthly is 22, but 3 pods cost about "23 EUR" a month`,
	}
	cost_declared.deny == set() with input as _monthly(23)
		with data.thresholds.cost_declared as dear
}

test_prices_without_an_exact_binary_form_make_whole_sums if {
	tenth := {"prices": {"EUR": {"cpuHour": 0.1, "gibHour": 0.05}}}
	cost_declared.deny == set() with input as _monthly(219)
		with data.thresholds.cost_declared as tenth
	count(cost_declared.deny) == 1 with input as _monthly(218)
		with data.thresholds.cost_declared as tenth
}

_silent := example.without(example.cluster, "/new/spec/cost")

test_production_declares_its_cost if {
	_found(_silent) == {[
		`spec.cost is missing; 3 pods cost about "4380 EUR" a month`,
		"/spec/cost",
	]}
	_found(_staging(_silent)) == set()
	_checked(_silent)
}

test_without_a_price_the_cost_must_still_be_declared if {
	priceless := example.put(_silent, "/environment/spec/currency", "JPY")
	_found(priceless) == {[
		`spec.cost is missing; 3 pods cost about "an unknown sum" a month`,
		"/spec/cost",
	]}
}

test_a_currency_without_prices_is_denied_in_production if {
	foreign := example.put(_monthly(1), "/environment/spec/currency", "JPY")
	_found(foreign) == {[
		concat("", [
			`spec.cost.monthly is 1 in "JPY"; thresholds.cost_declared.prices has no prices in `,
			"this currency",
		]),
		"/spec/cost/monthly",
	]}
	_found(_staging(foreign)) == set()
}

test_an_environment_without_currency_is_for_tenant_budget_to_report if {
	_found(example.without(_monthly(1), "/environment/spec/currency")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/new/spec/variants", "/new/spec/serving/replicas",
		"/new/spec/serving/resources/requests/cpu",
		"/new/spec/serving/resources/requests/memory",
	] {
		not _checked(example.without(example.cluster, path))
	}
	not _checked(_monthly("900"))
	not _checked(example.put(example.cluster, "/new/spec/variants", "stable"))
	not _checked(example.put(example.cluster, "/new/spec/serving/replicas", "3"))
}

test_without_thresholds_it_is_not_checked if {
	not cost_declared.checked with input as example.cluster with data.thresholds as {}
}

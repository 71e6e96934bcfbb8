package lockstep.rules.tenant_budget_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.tenant_budget

# Clusters of 900 and 901 a month, and another tenant's.
_fleet := example.put(
	example.put(
		example.environment, "/clusters/-",
		example.tenancy("fraud", "risk", "us-east-1"),
	),
	"/clusters/2/spec/cost/monthly", 901,
)

_budget(budget) := example.put(_fleet, "/environment/spec/tenants/0/budget", budget)

_found(view) := {[finding.message, finding.pointer] |
	some finding in tenant_budget.deny with input as view
}

test_a_budget_that_is_just_used_up_is_allowed if {
	_found(_budget(1801)) == set()
	tenant_budget.checked with input as _budget(1801)
}

test_more_than_the_budget_is_denied_at_the_dearest_cluster if {
	found := tenant_budget.deny with input as _budget(1800)
	found == {{
		"message": concat("", [
			`the clusters of tenant "risk" declare a total cost of 1801 a month; its budget is `,
			"1800",
		]),
		"fix": "make the clusters smaller, or have the budget in environment.yaml raised",
		"pointer": "/spec/cost/monthly",
		"cluster": "fraud-us-east-1",
		"also": [{
			"cluster": "fraud-eu-west-1",
			"pointer": "/spec/cost/monthly",
			"note": "involved",
		}],
	}}
}

test_a_cluster_without_a_cost_counts_for_nothing if {
	free := example.without(_budget(900), "/clusters/2/spec/cost")
	_found(free) == set()
	tenant_budget.checked with input as free
}

test_clusters_of_unlisted_tenants_count_for_none if {
	_found(example.put(_budget(900), "/clusters/2/tenant", "nobody")) == set()
}

test_without_tenants_there_is_no_budget if {
	bare := example.without(_fleet, "/environment/spec/tenants")
	_found(bare) == set()
	tenant_budget.checked with input as bare
}

test_production_names_its_currency if {
	nameless := example.without(_fleet, "/environment/spec/currency")
	_found(nameless) == {[
		"spec.currency is missing; the clusters declare a total cost of 2701 a month",
		"/spec/currency",
	]}
	_found(example.put(nameless, "/environment/spec/tier", "staging")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/clusters", "/environment/spec", "/environment/spec/tenants/0/name",
		"/environment/spec/tenants/1/budget", "/clusters/0/name", "/clusters/1/tenant",
		"/clusters/2/spec",
	] {
		not tenant_budget.checked with input as example.without(_fleet, path)
	}
	every hostile in [
		example.put(_fleet, "/clusters/0/spec/cost/monthly", "900"),
		example.put(_fleet, "/environment/spec/tenants/0/budget", "1"),
		example.put(_fleet, "/environment/spec/tenants", {}),
	] {
		not tenant_budget.checked with input as hostile
	}
}

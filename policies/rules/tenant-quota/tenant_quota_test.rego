package lockstep.rules.tenant_quota_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.tenant_quota

# Two clusters of three pods with half a core and 1 GiB, and another tenant's.
_fleet := example.put(
	example.environment, "/clusters/-",
	example.tenancy("fraud", "risk", "us-east-1"),
)

_quota(view, cpu, memory) := example.put(
	view, "/environment/spec/tenants/0/quota",
	{"cpu": cpu, "memory": memory},
)

_found(view) := {[finding.message, finding.cluster, finding.pointer, names] |
	some finding in tenant_quota.deny with input as view
	names := [other.cluster | some other in finding.also]
}

_in_environment(view) := {[finding.message, finding.pointer] |
	some finding in tenant_quota.deny with input as view
}

test_a_quota_that_is_just_used_up_is_allowed if {
	just := _quota(_fleet, "3", "6Gi")
	_found(just) == set()
	tenant_quota.checked with input as just
}

test_more_cpu_than_the_quota_is_denied if {
	_found(_quota(_fleet, "2999m", "6Gi")) == {[
		`the pods of tenant "risk" may request "3" of CPU together; its quota is "2999m"`,
		"fraud-eu-west-1", "/spec/serving/replicas", ["fraud-us-east-1"],
	]}
}

test_more_memory_than_the_quota_is_denied if {
	_found(_quota(_fleet, "3", "6143Mi")) == {[
		`the pods of tenant "risk" may request "6Gi" of memory together; its quota is "6143Mi"`,
		"fraud-eu-west-1", "/spec/serving/replicas", ["fraud-us-east-1"],
	]}
}

test_what_templates_may_add_counts_for_every_pod if {
	beside := {"resources_bounded": {"beside": {"cpu": "100m", "memory": "128Mi"}}}
	_found(_quota(_fleet, "3600m", "6912Mi")) == set() with data.thresholds as beside
	count(_found(_quota(_fleet, "3599m", "6911Mi"))) == 2 with data.thresholds as beside
}

test_the_largest_cluster_comes_first if {
	larger := example.put(_fleet, "/clusters/2/spec/serving/replicas", 4)
	{[found[1], found[3]] | some found in _found(_quota(larger, "3", "9Gi"))} == {
		["fraud-us-east-1", ["fraud-eu-west-1"]],
	}
}

test_an_autoscaler_counts_with_the_most_pods if {
	hpa := example.put(_fleet, "/clusters/2/spec/serving/hpa", {"maxReplicas": 5, "cpu": 70})
	_found(_quota(hpa, "4", "8Gi")) == set()
	count(_found(_quota(hpa, "3999m", "8Gi"))) == 1
	keda := {"maxReplicas": 5, "requestsPerSecond": 9}
	scaled := example.put(_fleet, "/clusters/2/spec/serving/keda", keda)
	count(_found(_quota(scaled, "3999m", "8Gi"))) == 1
}

test_every_version_of_a_rollout_counts_from_the_proposal_on if {
	variants := [
		{"name": "stable", "version": "42", "weight": 100},
		{"name": "previous", "version": "41", "weight": 0, "warm": true},
		{"name": "candidate", "version": "43", "weight": 0},
	]
	two := example.put(_fleet, "/clusters/2/spec/variants", variants)
	_found(_quota(two, "6", "12Gi")) == set()
	count(_found(_quota(two, "5999m", "12Gi"))) == 1
}

test_clusters_of_unlisted_tenants_count_for_none if {
	other := example.put(_fleet, "/clusters/2/tenant", "nobody")
	_found(_quota(other, "1500m", "3Gi")) == set()
	tenant_quota.checked with input as other
}

test_a_tenant_without_clusters_is_allowed if {
	idle := example.put(example.environment, "/clusters", [])
	_found(idle) == set()
	tenant_quota.checked with input as idle
}

_bare := example.without(example.environment, "/environment/spec/tenants")

test_production_lists_its_tenants if {
	_in_environment(_bare) == {[
		"spec.tenants is missing; nothing limits what the 2 families of production use",
		"/spec/tenants",
	]}
	tenant_quota.checked with input as _bare
	_in_environment(example.put(_bare, "/environment/spec/tier", "staging")) == set()
}

test_a_tenant_that_is_listed_twice_is_denied if {
	twice := example.put(
		example.environment, "/environment/spec/tenants/-",
		example.tenant("risk", "scores"),
	)
	_in_environment(twice) == {[
		`tenant "risk" is listed twice; it has two quotas and two budgets`,
		"/spec/tenants/2/name",
	]}
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/families", "/clusters", "/environment/spec", "/environment/spec/tenants/0/name",
		"/environment/spec/tenants/0/quota", "/environment/spec/tenants/1/quota/memory",
		"/clusters/0/name", "/clusters/1/tenant", "/clusters/0/spec/variants",
		"/clusters/1/spec/serving", "/clusters/0/spec/serving/replicas",
		"/clusters/0/spec/serving/resources/requests/cpu",
		"/clusters/0/spec/serving/resources/requests/memory",
	] {
		not tenant_quota.checked with input as example.without(_fleet, path)
	}
}

test_what_is_not_an_amount_is_not_checked if {
	not tenant_quota.checked with input as _quota(_fleet, "many", "6Gi")
	not tenant_quota.checked with input as example.put(
		_fleet, "/clusters/0/spec/serving/hpa",
		{"maxReplicas": "5"},
	)
	not tenant_quota.checked with input as example.put(_fleet, "/environment/spec/tenants", {})
	not tenant_quota.checked with input as example.put(_fleet, "/clusters/0/spec/variants", "stable")
}

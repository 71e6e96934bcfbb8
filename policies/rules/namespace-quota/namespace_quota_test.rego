package lockstep.rules.namespace_quota_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.namespace_quota

_injected := {"namespace_quota": {"injected": {"cpu": "100m", "memory": "128Mi"}}}

_quota(region, namespace) := {"region": region, "namespace": namespace, "cpu": "4800m", "memory": "9Gi"}

# One cluster of three pods with half a core and 1 GiB for each of two tenants: with one more pod and
# the sidecars a version needs 2.4 cores and 4.5 GiB, and production has room for two.
_fleet := json.patch(example.environment, [
	{"op": "add", "path": "/environment/spec/tenants/0/quotas", "value": [_quota("eu-west-1", "fraud")]},
	{"op": "add", "path": "/environment/spec/tenants/1/quotas", "value": [_quota("eu-west-1", "ranking")]},
	{"op": "add", "path": "/environment/spec/regions/1/destination", "value": "west"},
	{"op": "add", "path": "/environment/spec/regions/2/destination", "value": "west"},
])

_set(field, value) := example.put(_fleet, concat("", ["/environment/spec/tenants/0/quotas/0/", field]), value)

_found(view) := {[finding.message, finding.pointer] | some finding in _denied(view)}

_denied(view) := found if {
	found := namespace_quota.deny with input as view with data.thresholds as _injected
}

_checked(view) if namespace_quota.checked with input as view with data.thresholds as _injected

test_quotas_that_are_just_used_up_are_allowed if {
	_found(_fleet) == set()
	_checked(_fleet)
	_found(_set("pods", 8)) == set()
}

_says(amount, kind, quota) := {[
	sprintf(
		concat("", [
			`the pods in namespace "fraud" in "eu-west-1" may request %s of "%s" at the peak of a `,
			"rollout, sidecars and updates included; the quota there is %s",
		]),
		[amount, kind, quota],
	),
	"/spec/serving/replicas",
]}

test_pods_that_do_not_fit_are_denied if {
	_found(_set("cpu", "4799m")) == _says(`"4800m"`, "cpu", `"4799m"`)
	_found(_set("memory", "9215Mi")) == _says(`"9Gi"`, "memory", `"9215Mi"`)
	_found(_set("pods", 7)) == _says("8", "pods", "7")
}

test_outside_of_production_no_room_is_kept_for_a_rollback if {
	_found(example.put(_set("pods", 4), "/environment/spec/tier", "staging")) == set()
}

test_every_version_of_a_rollout_counts_with_all_that_its_autoscaler_starts if {
	rollout := example.put(_fleet, "/clusters/0/spec/variants", [
		example.stable,
		{"name": "candidate", "version": "42", "weight": 0},
	])
	_found(rollout) == set()
	third := example.put(
		rollout, "/clusters/0/spec/variants/-",
		{"name": "previous", "version": "40", "weight": 0, "warm": true},
	)
	_found(third) == _says(`"7200m"`, "cpu", `"4800m"`) | _says(`"13824Mi"`, "memory", `"9Gi"`)
	scaled := example.put(_fleet, "/clusters/0/spec/serving/hpa", {"maxReplicas": 4, "cpu": 70})
	_found(scaled) == _says(`"6"`, "cpu", `"4800m"`) | _says(`"11520Mi"`, "memory", `"9Gi"`)
}

test_what_templates_may_add_counts_too if {
	beside := object.union(_injected, {"resources_bounded": {"beside": {"cpu": "1m", "memory": "1Ki"}}})
	count(namespace_quota.deny) == 4 with input as _fleet with data.thresholds as beside
}

test_clusters_in_one_namespace_count_together if {
	second := object.union(example.tenancy("fraud", "risk", "eu-west-1"), {"name": "fraud-two"})
	both := example.put(_fleet, "/clusters/-", second)
	_found(both) == _says(`"9600m"`, "cpu", `"4800m"`) | _says(`"18Gi"`, "memory", `"9Gi"`)
	{names | some finding in _denied(both); names := [other.cluster | some other in finding.also]} == {["fraud-two"]}
}

test_devices_have_a_quota if {
	limits := {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": "2"}
	view := example.put(_fleet, "/clusters/0/spec/serving/resources/limits", limits)
	says := concat("", [
		`the pods in namespace "fraud" in "eu-west-1" may have 16 of "nvidia.com/gpu" at the peak of a `,
		"rollout; the quota there is ",
	])
	_found(view) == {[concat("", [says, "0"]), "/spec/serving/replicas"]}
	_found(_gpus(view, 16)) == set()
	_found(_gpus(view, 15)) == {[concat("", [says, "15"]), "/spec/serving/replicas"]}
}

_gpus(view, most) := example.put(
	view, "/environment/spec/tenants/0/quotas/0/devices",
	{"nvidia.com/gpu": most},
)

_elsewhere := example.put(_fleet, "/clusters/-", example.tenancy("fraud", "risk", "us-east-1"))

test_a_namespace_without_a_quota_is_denied_in_production if {
	_found(_elsewhere) == {[
		`namespace "fraud" of tenant "risk" has no quota in "us-east-1", where it has 1 clusters`,
		"/spec/tenants/0/quotas",
	]}
}

test_outside_of_production_only_where_the_kubernetes_cluster_counts_it if {
	staging := example.put(_elsewhere, "/environment/spec/tier", "staging")
	count(_found(staging)) == 1
	_found(example.put(staging, "/environment/spec/regions/1/destination", "east")) == set()
	_found(example.without(staging, "/environment/spec/tenants/0/quotas")) == set()
}

test_other_rules_report_unknown_tenants_and_namespaces if {
	_found(example.put(_elsewhere, "/clusters/2/tenant", "nobody")) == set()
	_found(example.put(_elsewhere, "/clusters/2/spec/namespace", "foreign")) == set()
}

test_a_quota_of_nothing_is_denied if {
	_found(_set("namespace", "ranking")) == {
		[
			concat("", [
				`a quota of tenant "risk" is for namespace "ranking" in "eu-west-1", and the tenant has `,
				`only the namespaces ["fraud"]`,
			]),
			"/spec/tenants/0/quotas/0/namespace",
		],
		[
			`namespace "fraud" of tenant "risk" has no quota in "eu-west-1", where it has 1 clusters`,
			"/spec/tenants/0/quotas",
		],
	}
	some found in _found(_set("region", "moon"))
	startswith(found[0], `a quota of tenant "risk" is for region "moon", and the environment has only [`)
}

test_two_quotas_of_one_place_are_denied if {
	twice := example.put(_fleet, "/environment/spec/tenants/0/quotas/-", _quota("eu-west-1", "fraud"))
	_found(twice) == {[`namespace "fraud" has two quotas in "eu-west-1"`, "/spec/tenants/0/quotas/1"]}
}

test_quotas_add_up_to_no_more_than_the_tenants if {
	_found(example.put(_fleet, "/environment/spec/tenants/0/quota", {"cpu": "4800m", "memory": "9Gi"})) == set()
	_found(example.put(_fleet, "/environment/spec/tenants/0/quota", {"cpu": "4799m", "memory": "9215Mi"})) == {
		[`the quotas of tenant "risk" add up to "4800m" of "cpu"; its quota is "4799m"`, "/spec/tenants/0/quotas"],
		[`the quotas of tenant "risk" add up to "9Gi" of "memory"; its quota is "9215Mi"`, "/spec/tenants/0/quotas"],
	}
}

test_a_tenant_that_is_listed_twice_counts_as_the_first if {
	twice := example.put(_elsewhere, "/environment/spec/tenants/-", example.tenant("risk", "fraud"))
	{pointer | some [_, pointer] in _found(twice)} == {"/spec/tenants/0/quotas"}
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/clusters", "/environment/spec", "/environment/spec/regions", "/environment/spec/tenants/0/name",
		"/environment/spec/tenants/1/quota", "/environment/spec/tenants/0/namespaces",
		"/environment/spec/tenants/0/quotas/0/region", "/environment/spec/tenants/0/quotas/0/cpu",
		"/clusters/0/name", "/clusters/1/tenant", "/clusters/0/spec/variants", "/clusters/1/spec/region",
		"/clusters/1/spec/namespace", "/clusters/0/spec/serving/resources/requests/cpu",
		"/clusters/0/spec/serving/replicas",
	] {
		not _checked(example.without(_fleet, path))
	}
	not namespace_quota.checked with input as _fleet with data.thresholds as {}
}

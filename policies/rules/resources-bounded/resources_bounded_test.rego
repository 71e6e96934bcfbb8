package lockstep.rules.resources_bounded_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.resources_bounded

_thresholds := {"cpu": "4", "memory": "8Gi"}

_pod(requests, limits) := example.put(
	example.cluster, "/new/spec/serving/resources",
	{"requests": requests, "limits": limits},
)

_found(view) := {[finding.message, finding.pointer] |
	some finding in resources_bounded.deny with input as view
		with data.thresholds.resources_bounded as _thresholds
}

test_a_bounded_pod_is_allowed if {
	_found(example.cluster) == set()
	resources_bounded.checked with input as example.cluster
		with data.thresholds.resources_bounded as _thresholds
}

test_the_bounds_themselves_are_allowed if {
	_found(_pod({"cpu": "4000m", "memory": "8192Mi"}, {"cpu": "4", "memory": "8Gi"})) == set()
}

test_a_request_above_the_limit_is_denied if {
	_found(_pod({"cpu": "1001m", "memory": "1025Mi"}, {"cpu": "1", "memory": "1Gi"})) == {
		[
			`a pod requests "1001m" of "cpu", but its limit is "1"`,
			"/spec/serving/resources/requests/cpu",
		],
		[
			`a pod requests "1025Mi" of "memory", but its limit is "1Gi"`,
			"/spec/serving/resources/requests/memory",
		],
	}
}

test_so_is_a_request_of_storage if {
	_found(_bounds("ephemeral-storage", "1025Mi", "1Gi")) == {[
		`a pod requests "1025Mi" of "ephemeral-storage", but its limit is "1Gi"`,
		"/spec/serving/resources/requests/ephemeral-storage",
	]}
	_found(_bounds("ephemeral-storage", "1024Mi", "1Gi")) == set()
	_found(_bounds("ephemeral-storage", "1Gi", "")) == set()
}

_bounds(kind, request, limit) := _pod(
	object.union({"cpu": "1", "memory": "1Gi"}, {k: v | some k, v in {kind: request}; v != ""}),
	object.union({"cpu": "1", "memory": "1Gi"}, {k: v | some k, v in {kind: limit}; v != ""}),
)

test_a_device_is_requested_as_it_is_limited if {
	_found(_bounds("nvidia.com/gpu", "2", "2")) == set()
	_found(_bounds("nvidia.com/gpu", "", "2")) == set()
	_found(_bounds("ephemeral-storage", "10Gi", "20Gi")) == set()
	says := `a pod requests %s of "nvidia.com/gpu", and its limit is %s; Kubernetes wants them to be equal`
	_found(_bounds("nvidia.com/gpu", "1", "2")) == {[sprintf(says, [`"1"`, `"2"`]), pointer] |
		some half in ["requests", "limits"]
		pointer := sprintf("/spec/serving/resources/%s/nvidia.com~1gpu", [half])
	}
	_found(_bounds("nvidia.com/gpu", "1", "")) == {[
		sprintf(says, [`"1"`, `"nothing"`]),
		"/spec/serving/resources/requests/nvidia.com~1gpu",
	]}
}

_overcommitted := _pod({"cpu": "1", "memory": "1023Mi"}, {"cpu": "1", "memory": "1Gi"})

test_overcommitted_memory_is_denied_in_production if {
	_found(_overcommitted) == {[
		concat("", [
			`the memory limit of a pod is "1Gi" and its request is "1023Mi"; in production they `,
			"must be equal",
		]),
		"/spec/serving/resources/limits/memory",
	]}
	_found(example.put(_overcommitted, "/environment/spec/tier", "staging")) == set()
}

test_a_pod_above_the_bounds_is_denied_everywhere if {
	large := _pod({"cpu": "1", "memory": "8193Mi"}, {"cpu": "4001m", "memory": "8193Mi"})
	found := _found(large)
	found == {
		[
			`a pod may use "4001m" of "cpu"; at most "4" is allowed`,
			"/spec/serving/resources/limits/cpu",
		],
		[
			`a pod may use "8193Mi" of "memory"; at most "8Gi" is allowed`,
			"/spec/serving/resources/limits/memory",
		],
	}
	_found(example.put(large, "/environment/spec/tier", "development")) == found
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/new/spec/serving", "/new/spec/serving/resources/requests",
		"/new/spec/serving/resources/requests/cpu", "/new/spec/serving/resources/limits/memory",
	] {
		not resources_bounded.checked with input as example.without(example.cluster, path)
			with data.thresholds.resources_bounded as _thresholds
	}
}

test_what_is_not_an_amount_is_not_checked if {
	every amount in ["", "many", 1, null, ["1"]] {
		not resources_bounded.checked with input as _pod(
			{"cpu": amount, "memory": "1Gi"},
			{"cpu": "1", "memory": "1Gi"},
		)
			with data.thresholds.resources_bounded as _thresholds
	}
}

test_without_thresholds_it_is_not_checked if {
	not resources_bounded.checked with input as example.cluster with data.thresholds as {}
	not resources_bounded.checked with input as example.cluster
		with data.thresholds.resources_bounded as {"cpu": "4"}
}

_beside := {"cpu": "4", "memory": "8Gi", "beside": {"cpu": "200m", "memory": "256Mi"}}

_helper(requests, limits) := example.container("helper", "a", {"requests": requests, "limits": limits})

_found_beside(list, requests, limits) := {finding.message |
	some finding in resources_bounded.deny with input as example.with_container(
		list,
		_helper(requests, limits),
	)
		with data.thresholds.resources_bounded as _beside
}

_small := {"cpu": "100m", "memory": "128Mi"}

test_small_containers_next_to_the_model_are_allowed if {
	every list in ["containers", "initContainers"] {
		_found_beside(list, _small, _small) == set()
		_found_beside(list, _small, {"cpu": "200m", "memory": "128Mi"}) == set()
	}
}

test_every_container_has_bounds if {
	_found_beside("initContainers", {"cpu": "100m"}, {"cpu": "much", "memory": "1Mi"}) == {
		`container "helper" of a pod has no valid "requests" of "memory"`,
		`container "helper" of a pod has no valid "limits" of "cpu"`,
	}
	_found_beside("ephemeralContainers", {}, {}) == set()
}

test_what_a_container_requests_fits_its_limit if {
	_found_beside("containers", {"cpu": "200m", "memory": "64Mi"}, _small) == {
		`container "helper" requests "200m" of "cpu", and its limit is "100m"`,
		`container "helper" requests "64Mi" of "memory", and its limit is "128Mi"`,
	}
}

test_devices_next_to_the_model_are_denied if {
	with_gpu := object.union(_small, {"nvidia.com/gpu": "8"})
	every list in ["containers", "initContainers", "ephemeralContainers"] {
		_found_beside(list, _small, with_gpu) == {concat("", [
			`container "helper" has "limits" of "nvidia.com/gpu"; a template may give containers `,
			`only ["cpu","memory","ephemeral-storage"]`,
		])}
	}
	stored := object.union(_small, {"ephemeral-storage": "1Gi"})
	_found_beside("containers", stored, stored) == set()
}

test_more_next_to_the_model_than_allowed_is_denied if {
	_found_beside("containers", _small, {"cpu": "201m", "memory": "128Mi"}) == {concat("", [
		`the containers that a template adds to a pod have "201m" of "cpu" in all; `,
		`"200m" is allowed`,
	])}
	large := {"cpu": "100m", "memory": "1Gi"}
	_found_beside("containers", large, large) == {concat("", [
		`the containers that a template adds to a pod have "1Gi" of "memory" in all; `,
		`"256Mi" is allowed`,
	])}
}

test_an_init_container_may_be_as_large_as_the_model if {
	model := {"cpu": "1", "memory": "1Gi"}
	_found_beside("initContainers", model, model) == set()
	larger := {"cpu": "1300m", "memory": "1Gi"}
	count(_found_beside("initContainers", larger, larger)) == 1
	sidecar := object.union(_helper(model, model), {"restartPolicy": "Always"})
	found := resources_bounded.deny with input as example.with_container("initContainers", sidecar)
		with data.thresholds.resources_bounded as _beside
	count(found) == 2
}

# The example's model has 1 CPU and 1Gi.
_with_fetch(name, amounts, written) := example.put(
	example.with_container("initContainers", object.union(
		_helper(amounts, amounts),
		{"name": name},
	)),
	"/new/spec/serving/fetch", object.union({"image": "registry.example.com/a"}, written),
)

_messages_of(view) := {finding.message |
	some finding in resources_bounded.deny with input as view
		with data.thresholds.resources_bounded as _beside
}

test_fetching_needs_no_more_than_the_server if {
	large := {"cpu": "1", "memory": "8Gi"}
	own := {"resources": {"requests": large, "limits": large}}
	_messages_of(_with_fetch("fetch-model", large, own)) == {concat("", [
		`fetching the model may use "8Gi" of "memory", and the server "1Gi"; quotas count no more `,
		"than that for a pod",
	])}
	model := {"cpu": "1", "memory": "1Gi"}
	_messages_of(_with_fetch("fetch-model", model, {})) == set()
	_messages_of(_with_fetch("fetch-model", model, {"resources": {"limits": model}})) == set()

	# Another container, and one of that name in a pod that fetches nothing.
	count(_messages_of(_with_fetch("helper", large, {}))) == 1
	count(_messages_of(example.without(
		_with_fetch("fetch-model", large, {}),
		"/new/spec/serving/fetch",
	))) == 1
}

test_a_limit_of_nothing_is_none if {
	count(_found_beside("containers", {"cpu": "0", "memory": "1Mi"}, {"cpu": "0", "memory": "1Mi"})) == 2
}

test_without_rendered_pods_it_is_not_checked if {
	not resources_bounded.checked with input as example.without(example.cluster, "/rendered")
		with data.thresholds.resources_bounded as _beside
}

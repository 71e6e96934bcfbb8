package lockstep.rules.template_additions_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.template_additions

_kinds := [
	"Service", "PodDisruptionBudget", "HorizontalPodAutoscaler", "ScaledObject", "DestinationRule",
	"VirtualService", "Application",
]

_cluster := object.union(example.cluster, {"rendered": {kind: [] | some kind in _kinds}})

_nothing := {"labels": [], "annotations": []}

_thresholds(lists) := {
	"template_additions": object.union(_nothing, object.filter(lists, ["labels", "annotations"])),
	"organisation": {"pods": object.remove(lists, ["labels", "annotations"])},
}

_found_with(lists, path, value) := {[finding.message, finding.pointer] |
	some finding in template_additions.deny with input as example.put(_cluster, path, value)
		with data.thresholds as _thresholds(lists)
}

_pod := "/rendered/Deployment/0/spec/template/spec"

_template := "/rendered/Deployment/0/spec/template/metadata"

test_what_lockstep_writes_is_allowed if {
	labels := {"app.kubernetes.io/name": "fraud", "lockstep.dev/cluster": "fraud-eu-west-1"}
	annotations := {"argocd.argoproj.io/sync-wave": "-1", "sidecar.istio.io/inject": "true"}
	value := {"name": "a", "labels": labels, "annotations": annotations}
	_found_with({}, "/rendered/Service", [{"metadata": value}]) == set()
	_found_with({}, _template, value) == set()
	template_additions.checked with input as _cluster
		with data.thresholds as _thresholds({})
}

# What tracing, Datadog and the server's own metrics put on pods, by the field that asks for it.
_asked := {
	"/environment/spec/observability/openTelemetry": [
		{"endpoint": "http://otel:4318"},
		"instrumentation.opentelemetry.io/inject-python",
	],
	"/environment/spec/observability/datadog": [{"notify": ["@ops"]}, "tags.datadoghq.com/env"],
	"/new/spec/serving/metrics": [{"port": 8080}, "prometheus.io/port"],
}

test_what_is_written_where_it_is_asked_for_is_allowed_there_alone if {
	every field, asking in _asked {
		written := {"metadata": {"name": "a", "annotations": {asking[1]: "x"}}}
		bare := example.put(_cluster, "/environment/spec/observability", {})
		seen := example.put(bare, "/rendered/Service", [written])
		found := {finding.pointer |
			some finding in template_additions.deny with input as seen
				with data.thresholds as _thresholds({})
		}
		count(found) == 1
		asked := example.put(seen, field, asking[0])
		count(template_additions.deny) == 0 with input as asked
			with data.thresholds as _thresholds({})
	}
}

test_other_keys_have_to_be_listed if {
	annotations := {"metadata": {"name": "a", "annotations": {"tailscale.com/expose": "true"}}}
	every kind in _kinds {
		_found_with({}, concat("", ["/rendered/", kind]), [annotations]) == {[
			`a template adds "tailscale.com/expose" to the "annotations"; allowed there are []`,
			"/metadata/annotations/tailscale.com~1expose",
		]}
	}
	_found_with({"labels": ["a.example.com/"]}, _template, {"labels": {"app": "checkout"}}) == {[
		`a template adds "app" to the "labels"; allowed there are ["a.example.com/"]`,
		"/spec/template/metadata/labels/app",
	]}
}

test_a_key_or_all_of_a_domain_can_be_listed if {
	value := {"labels": {"example.com/a": "1"}, "annotations": {"team": "2"}}
	_found_with({"labels": ["example.com/"], "annotations": ["team"]}, _template, value) == set()
	every list in ["example.co/", "a.example.com/", "example.com", "example.com/b", "example.com/A"] {
		count(_found_with({"labels": [list], "annotations": ["team"]}, _template, value)) == 1
	}

	# Each list counts for itself.
	count(_found_with({"labels": ["example.com/", "team"]}, _template, value)) == 1
}

_listed := [
	["priorityClassName", "system-node-critical", "priorityClasses", "system-node-critical", ""],
	["runtimeClassName", "kata", "runtimeClasses", "kata", ""],
	["tolerations", [{"key": "a", "operator": "Exists"}], "tolerations", "a", "/0"],
	["volumes/0", {"name": "a", "csi": {"driver": "csi.b"}}, "csiDrivers", "csi.b", "/csi/driver"],
	[
		"volumes/0", {"name": "a", "persistentVolumeClaim": {"claimName": "b"}}, "claims", "b",
		"/persistentVolumeClaim",
	],
]

test_what_else_pods_get_has_to_be_listed if {
	every each in _listed {
		_is_listed(each[0], each[1], each[2], each[3], each[4])
	}
}

_is_listed(field, value, list, name, rest) if {
	path := concat("/", [_pod, field])
	_found_with({}, path, value) == {[
		sprintf(`a pod has "%s" in its "%s"; allowed are []`, [name, split(field, "/")[0]]),
		concat("", ["/spec/template/spec/", field, rest]),
	]}
	_found_with({list: ["other"]}, path, value) != set()
	_found_with({list: [name]}, path, value) == set()
}

test_all_taints_and_new_claims_cannot_be_listed if {
	all_listed := {"tolerations": ["a"], "claims": ["a"]}
	count(_found_with(all_listed, concat("/", [_pod, "tolerations"]), [{"operator": "Exists"}])) == 1
	ephemeral := {"name": "a", "ephemeral": {"volumeClaimTemplate": {}}}
	count(_found_with(all_listed, concat("/", [_pod, "volumes/0"]), ephemeral)) == 1
}

test_without_lists_nothing_is_allowed if {
	found := template_additions.deny with input as example.put(
		_cluster,
		concat("/", [_pod, "priorityClassName"]), "models",
	)
		with data.thresholds as {"template_additions": _nothing, "organisation": {}}
	count(found) == 1
}

test_a_null_is_nothing if {
	_found_with({}, concat("/", [_pod, "priorityClassName"]), null) == set()
}

test_what_is_missing_is_not_checked if {
	thresholds := _thresholds({})
	not template_additions.checked with input as _cluster with data.thresholds as {}
	every part in ["template_additions", "organisation"] {
		not template_additions.checked with input as _cluster
			with data.thresholds as object.remove(thresholds, [part])
	}
	not template_additions.checked with input as example.without(_cluster, "/rendered/Service")
		with data.thresholds as thresholds
	not template_additions.checked with input as example.without(_cluster, "/rendered/Pod")
		with data.thresholds as thresholds
}

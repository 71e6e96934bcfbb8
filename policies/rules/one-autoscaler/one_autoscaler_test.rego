package lockstep.rules.one_autoscaler_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.one_autoscaler

_environment := object.union(
	example.cluster.environment.spec,
	{"prometheus": "http://prometheus.monitoring.svc:9090"},
)

_serving(changes) := example.put(
	example.put(example.cluster, "/environment/spec", _environment),
	"/new/spec/serving", object.union(example.cluster.new.spec.serving, changes),
)

_found(view) := {[finding.message, finding.pointer] |
	some finding in one_autoscaler.deny with input as view
}

_hpa := {"maxReplicas": 4, "cpu": 70}

_keda := {"maxReplicas": 9, "requestsPerSecond": 50}

test_none_and_one_are_allowed if {
	every changes in [{}, {"hpa": _hpa}, {"keda": _keda}] {
		_found(_serving(changes)) == set()
		one_autoscaler.checked with input as _serving(changes)
	}
}

test_two_are_denied if {
	_found(_serving({"hpa": _hpa, "keda": _keda})) == {[
		"spec.serving scales each version both by hpa, to 4 pods, and by keda, to 9",
		"/spec/serving/keda",
	]}
}

test_one_that_cannot_scale_is_denied if {
	_found(_serving({"hpa": {"maxReplicas": 3, "cpu": 70}})) == {[
		`"hpa" scales each version to at most 3 pods, but spec.serving.replicas is already 3`,
		"/spec/serving/hpa/maxReplicas",
	]}
	_found(_serving({"keda": {"maxReplicas": 1, "requestsPerSecond": 5}})) == {[
		`"keda" scales each version to at most 1 pods, but spec.serving.replicas is already 3`,
		"/spec/serving/keda/maxReplicas",
	]}
}

test_warm_replicas_are_among_those_that_the_autoscaler_may_start if {
	every warm in [3, 4] {
		_found(_serving({"hpa": _hpa, "warmReplicas": warm})) == set()
	}
	_found(_serving({"hpa": _hpa, "warmReplicas": 5})) == {[
		`spec.serving.warmReplicas is 5, but "hpa" scales each version from 3 to 4 pods`,
		"/spec/serving/warmReplicas",
	]}
	_found(_serving({"keda": _keda, "warmReplicas": 2})) == {[
		`spec.serving.warmReplicas is 2, but "keda" scales each version from 3 to 9 pods`,
		"/spec/serving/warmReplicas",
	]}
}

test_warm_replicas_need_an_autoscaler if {
	_found(_serving({"warmReplicas": 3})) == {[
		concat("", [
			"spec.serving.warmReplicas is 3, but no autoscaler scales the versions; each has ",
			"3 replicas",
		]),
		"/spec/serving/warmReplicas",
	]}
}

test_keda_needs_a_prometheus if {
	blind := example.without(_serving({"keda": _keda}), "/environment/spec/prometheus")
	_found(blind) == {[
		"keda scales to 9 pods by what Prometheus has, but environment.yaml has no spec.prometheus to query",
		"/spec/serving/keda",
	]}
	_found(example.without(_serving({"hpa": _hpa}), "/environment/spec/prometheus")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec/serving", "/new/spec/serving/replicas", "/environment/spec"] {
		not one_autoscaler.checked with input as example.without(_serving({}), path)
	}
	not one_autoscaler.checked with input as _serving({"hpa": _hpa, "warmReplicas": "4"})
	every scaler in ["on", null, {}, {"maxReplicas": "9"}] {
		not one_autoscaler.checked with input as _serving({"hpa": scaler})
		not one_autoscaler.checked with input as _serving({"keda": scaler})
	}
}

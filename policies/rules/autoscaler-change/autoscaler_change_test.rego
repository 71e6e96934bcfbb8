package lockstep.rules.autoscaler_change_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.autoscaler_change

_hpa := {"maxReplicas": 9, "cpu": 70}

_keda := {"maxReplicas": 12, "requestsPerSecond": 50}

_plain := example.document("eu-west-1", [example.stable])

_with(serving) := object.union(_plain, {"spec": {"serving": serving}})

_change(old, new) := object.union(example.cluster, {"old": _with(old), "new": _with(new)})

_found(old, new) := {[finding.message, finding.pointer] |
	some finding in autoscaler_change.deny with input as _change(old, new)
}

test_one_that_stays_or_comes_is_allowed if {
	_found({"hpa": _hpa}, {"hpa": object.union(_hpa, {"maxReplicas": 4})}) == set()
	_found({}, {"keda": _keda}) == set()
	_found({}, {"keda": _keda, "replicas": 5}) == set()
	_found({}, {"replicas": 1}) == set()
	autoscaler_change.checked with input as _change({}, {"keda": _keda})
}

test_a_new_cluster_may_have_any if {
	new := object.union(example.cluster, {"new": _with({"hpa": _hpa, "replicas": 1})})
	count(autoscaler_change.deny) == 0 with input as new
	autoscaler_change.checked with input as new
}

test_one_in_place_of_the_other_is_denied if {
	says := concat("", [
		`"keda" replaces "hpa" in one change: `,
		"Argo CD makes the new one while the old one still scales the same pods",
	])
	_found({"hpa": _hpa}, {"keda": _keda}) == {[says, "/spec/serving/keda"]}
	_found({"hpa": _hpa}, {"keda": _keda, "replicas": 9}) == {[says, "/spec/serving/keda"]}
	{pointer | some [_, pointer] in _found({"keda": _keda}, {"hpa": _hpa})} == {"/spec/serving/hpa"}
}

test_one_that_goes_leaves_as_many_pods if {
	_found({"hpa": _hpa}, {"replicas": 9}) == set()
	_found({"keda": _keda}, {"replicas": 12}) == set()
	_found({"hpa": _hpa}, {"replicas": 8}) == {[
		`without "hpa" each version falls to 8 pods at once; it may have up to 9 now`,
		"/spec/serving/replicas",
	]}
}

test_one_that_comes_takes_no_replicas if {
	_found({"replicas": 9}, {"hpa": _hpa}) == {[
		`spec.serving.replicas falls from 9 to 3 in the change that adds "hpa", before it scales anything`,
		"/spec/serving/replicas",
	]}
	_found({"replicas": 9, "hpa": _hpa}, {"hpa": _hpa}) == set()
}

test_two_that_become_one_are_for_one_autoscaler_to_report if {
	_found({"hpa": _hpa, "keda": _keda}, {"keda": _keda, "replicas": 9}) == set()
}

test_what_is_missing_is_not_checked if {
	view := _change({}, {"keda": _keda})
	every path in ["/new/spec/serving/replicas", "/variants_before"] {
		not autoscaler_change.checked with input as example.without(object.union(view, {"old": null}), path)
	}
	not autoscaler_change.checked with input as example.put(view, "/new/spec/serving/keda/maxReplicas", "9")
}

package lockstep.lib.pods_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.pods

_template := {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "model"}]}}

_object(name, value) := object.union({"metadata": {"name": name}}, value)

test_pods_of_all_kinds_are_found if {
	rendered := {
		"Pod": [_object("a", _template)],
		"Deployment": [_object("b", {"spec": {"template": _template}})],
		"CronJob": [_object("c", {"spec": {"jobTemplate": {"spec": {"template": _template}}}})],
	}
	found := pods.all with input.rendered as rendered
	{[pod.kind, pod.name, pod.path, pod.metadata.labels.a] | some pod in found} == {
		["Pod", "a", ["spec"], "b"],
		["Deployment", "b", ["spec", "template", "spec"], "b"],
		["CronJob", "c", ["spec", "jobTemplate", "spec", "template", "spec"], "b"],
	}
}

test_containers_of_all_lists_are_found if {
	spec := {
		"containers": [{"name": "model"}, {"name": "proxy"}],
		"initContainers": [{"name": "model"}],
		"ephemeralContainers": [{"name": "debug"}],
	}
	rendered := {"Pod": [_object("a", {"spec": spec})]}
	found := pods.containers with input.rendered as rendered
	[concat("/", [c.list, c.spec.name]) | some c in found] == [
		"containers/model", "containers/proxy", "initContainers/model", "ephemeralContainers/debug",
	]
	added := pods.added with input.rendered as rendered
	[c.path | some c in added] == [
		["spec", "containers", 1], ["spec", "initContainers", 0], ["spec", "ephemeralContainers", 0],
	]
}

test_an_object_without_pod_has_no_containers if {
	found := pods.containers with input.rendered as {"Deployment": [_object("a", {})]}
	found == []
}

test_all_kinds_must_be_there if {
	pods.readable with input as example.cluster
	not pods.readable with input as example.without(example.cluster, "/rendered/Job")
	not pods.readable with input as example.without(example.cluster, "/rendered")
}

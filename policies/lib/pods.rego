# METADATA
# title: Pods
# description: >-
#   The pod templates among the rendered objects of the evaluated cluster, whatever kind they are part
#   of, and the containers in them. OPA computes them once per cluster, however many rules use them.
package lockstep.lib.pods

# Where an object of each kind has its pod template.
_templates := {
	"Pod": [],
	"Deployment": ["spec", "template"],
	"StatefulSet": ["spec", "template"],
	"DaemonSet": ["spec", "template"],
	"ReplicaSet": ["spec", "template"],
	"Job": ["spec", "template"],
	"CronJob": ["spec", "jobTemplate", "spec", "template"],
}

# METADATA
# title: Readable
# description: Whether the objects of all kinds with pods are there; none of a kind is an empty list.
readable if {
	every kind, _ in _templates {
		is_array(input.rendered[kind])
	}
}

# METADATA
# title: All pods
# description: >-
#   Each with the kind and name of its object, the paths of its `spec` and its annotations in that
#   object, and its metadata.
all := [pod |
	some kind, path in _templates
	some object_ in input.rendered[kind]
	pod := {
		"kind": kind,
		"name": object_.metadata.name,
		"path": array.concat(path, ["spec"]),
		"spec": object.get(object_, array.concat(path, ["spec"]), {}),
		"annotations_path": array.concat(path, ["metadata", "annotations"]),
		"metadata": object.get(object_, array.concat(path, ["metadata"]), {}),
	}
]

# METADATA
# title: All containers
# description: >-
#   Those of all pods, with `pod`, the name of their list, their path in the object, and their `spec`.
containers := [container |
	some pod in all
	some list in ["containers", "initContainers", "ephemeralContainers"]
	some i, spec in pod.spec[list]
	container := {
		"pod": pod,
		"kind": pod.kind,
		"name": pod.name,
		"list": list,
		"path": array.concat(pod.path, [list, i]),
		"spec": spec,
	}
]

# METADATA
# title: Containers next to the model
# description: >-
#   Those that a template has added: all but the one with the name `model`, which runs the image of the
#   spec.
added := [container |
	some container in containers
	not _serves_model(container)
]

_serves_model(container) if {
	container.list == "containers"
	container.spec.name == "model"
}

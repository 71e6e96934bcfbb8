# METADATA
# title: Bounded pod resources
# description: >-
#   A pod requests no more than its limit, and its limit is at most that of
#   thresholds.resources_bounded, so that it fits on a node. Devices are requested as they are limited,
#   because Kubernetes refuses anything else. In production the memory limit equals the
#   request: when memory is overcommitted, Kubernetes frees it by killing pods. What templates add to the
#   model requests no more than the threshold `beside` allows, which tenant-quota counts for every pod, and
#   no devices.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: resources-bounded
#   category: capacity
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
#   reads: [Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob]
package lockstep.rules.resources_bounded

import data.lockstep.lib.finding
import data.lockstep.lib.pods
import data.lockstep.lib.tier
import data.lockstep.lib.workloads

checked if {
	is_object(workloads.requests)
	is_object(_limit)
	is_object(_most)
	is_object(_beside)
	pods.readable
}

_resources := input.new.spec.serving.resources

_limit := workloads.amounts(_resources.limits)

_most := workloads.amounts(data.thresholds.resources_bounded)

_beside := workloads.beside

# METADATA
# title: Request above the limit
# custom:
#   message: a pod requests %s of %s, but its limit is %s
#   solution: raise the limit to the request or more, or lower the request
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "resources", "requests", kind],
	[_resources.requests[kind], kind, _resources.limits[kind]],
) if {
	some kind in _above_limit
}

_above_limit contains kind if {
	some kind, amount in workloads.requests
	amount > _limit[kind]
}

_above_limit contains kind if {
	kind := "ephemeral-storage"
	workloads.bytes(_resources.requests[kind]) > workloads.bytes(_resources.limits[kind])
}

# METADATA
# title: A device whose request is not its limit
# custom:
#   message: a pod requests %s of %s, and its limit is %s; Kubernetes wants them to be equal
#   solution: write the same amount in requests and limits, or in limits alone
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "resources", half, kind],
	[requested, kind, limit],
) if {
	some half in ["requests", "limits"]
	some kind in (object.keys(_resources[half]) - {"cpu", "memory", "ephemeral-storage"})
	limit := object.get(_resources.limits, kind, "nothing")
	requested := object.get(_resources.requests, kind, limit)
	requested != limit
}

# METADATA
# title: Overcommitted memory
# custom:
#   message: the memory limit of a pod is %s and its request is %s; in production they must be equal
#   solution: set requests.memory and limits.memory to the most that the pod needs
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "resources", "limits", "memory"],
	[_resources.limits.memory, _resources.requests.memory],
) if {
	tier.is_production
	_limit.memory > workloads.requests.memory
}

# METADATA
# title: Pod too large
# custom:
#   thresholds: [cpu, memory]
#   message: a pod may use %s of %s; at most %s is allowed
#   solution: lower the limit and run more replicas, or have the threshold of the rule raised
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "resources", "limits", kind],
	[_resources.limits[kind], kind, data.thresholds.resources_bounded[kind]],
) if {
	some kind, amount in _limit
	amount > _most[kind]
}

_fetch := input.new.spec.serving.fetch

# METADATA
# title: Fetching larger than the server
# custom:
#   message: fetching the model may use %s of %s, and the server %s; quotas count no more than that for a pod
#   solution: lower spec.serving.fetch.resources to those of the server, or remove them
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "fetch", "resources", "limits", kind],
	[_fetch.resources.limits[kind], kind, _resources.limits[kind]],
) if {
	some kind, amount in workloads.amounts(_fetch.resources.limits)
	amount > _limit[kind]
}

# Ephemeral containers are added to a running pod, and cannot have resources.
_added := [container |
	some container in pods.added
	container.list != "ephemeralContainers"
]

_amount(container, half, kind) := workloads.amount(kind, object.get(
	container.spec,
	["resources", half, kind],
	null,
))

# For Kubernetes a limit of 0 is none.
_is_bounded(container, half, kind) if _amount(container, half, kind) > 0

# METADATA
# title: A container without bounds
# custom:
#   message: container %s of a pod has no valid %s of %s
#   solution: write requests and limits of cpu and memory in the template, as for the model
deny contains finding.of_object(
	rego.metadata.rule(), container.kind, container.name, container.path,
	[object.get(container.spec, "name", ""), half, kind],
) if {
	some container in _added
	some half in ["requests", "limits"]
	some kind in ["cpu", "memory"]
	not _is_bounded(container, half, kind)
}

# METADATA
# title: A device next to the model
# custom:
#   message: container %s has %s of %s; a template may give containers only %s
#   solution: remove it in the template; a pod that needs it there needs a waiver of this rule
deny contains finding.of_object(
	rego.metadata.rule(), container.kind, container.name,
	array.concat(container.path, ["resources", half, kind]),
	[object.get(container.spec, "name", ""), half, kind, ["cpu", "memory", "ephemeral-storage"]],
) if {
	some container in pods.added
	some half in ["requests", "limits"]
	some kind in (object.keys(container.spec.resources[half]) - {"cpu", "memory", "ephemeral-storage"})
}

# METADATA
# title: A container whose limit is not its request
# custom:
#   message: container %s requests %s of %s, and its limit is %s
#   solution: make the request no larger than the limit; in production the memory of both must be equal
deny contains finding.of_object(
	rego.metadata.rule(), container.kind, container.name, array.concat(container.path, ["resources"]),
	[
		object.get(container.spec, "name", ""), container.spec.resources.requests[kind], kind,
		container.spec.resources.limits[kind],
	],
) if {
	some container in _added
	some kind in ["cpu", "memory"]
	_is_unequal(kind, _amount(container, "requests", kind), _amount(container, "limits", kind))
}

_is_unequal(_, request, limit) if request > limit

_is_unequal("memory", request, limit) if {
	tier.is_production
	request < limit
}

# METADATA
# title: Too much next to the model
# custom:
#   thresholds: [beside]
#   message: the containers that a template adds to a pod have %s of %s in all; %s is allowed
#   solution: >-
#     lower them in the template, or raise thresholds.resources_bounded.beside, which the quotas of
#     tenants then count for every pod
deny contains finding.of_object(
	rego.metadata.rule(), pod.kind, pod.name, pod.path,
	[_text(kind, total), kind, _text(kind, _beside[kind])],
) if {
	some pod in pods.all
	some kind in ["cpu", "memory"]
	total := _more(pod, kind)
	total > _beside[kind]
}

# What a pod needs in addition to the model: its sidecars, and init containers that are larger than the
# model, because they have ended when it starts.
_more(pod, kind) := sum(_amounts(pod, kind, true)) + max(array.concat([0], [more |
	some amount in _amounts(pod, kind, false)
	more := amount - _limit[kind]
]))

_amounts(pod, kind, beside) := [amount |
	some container in _added
	not _fetches(container)
	container.kind == pod.kind
	container.name == pod.name
	_runs_beside(container) == beside
	amount := _amount(container, "limits", kind)
]

# That one has the amounts of the spec (render.identity).
_fetches(container) if {
	is_object(_fetch)
	container.list == "initContainers"
	container.spec.name == "fetch-model"
}

_runs_beside(container) if container.list == "containers"

_runs_beside(container) if container.spec.restartPolicy == "Always"

_runs_beside(container) := false if {
	container.list == "initContainers"
	not container.spec.restartPolicy == "Always"
}

_text("cpu", amount) := workloads.cpu_text(amount)

_text("memory", amount) := workloads.memory_text(amount)

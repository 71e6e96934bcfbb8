# METADATA
# title: Pods with bounds
# description: >-
#   A pod requests no more than it may use and may use no more than thresholds.resources_bounded
#   allows, so that it fits on a node. In production its memory limit equals its request: memory
#   that was promised twice is taken back by killing pods.
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
package lockstep.rules.resources_bounded

import data.lockstep.lib.finding
import data.lockstep.lib.tier
import data.lockstep.lib.workloads

checked if {
	is_object(workloads.requests)
	is_object(_limit)
	is_object(_most)
}

_resources := input.new.spec.serving.resources

_limit := workloads.amounts(_resources.limits)

_most := workloads.amounts(data.thresholds.resources_bounded)

# METADATA
# title: A request above the limit
# custom:
#   message: a pod requests %s of %s, and its limit is %s
#   solution: raise the limit to the request or more, or lower the request
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "resources", "requests", kind],
	[_resources.requests[kind], kind, _resources.limits[kind]],
) if {
	some kind, amount in workloads.requests
	amount > _limit[kind]
}

# METADATA
# title: Memory promised twice
# custom:
#   message: the memory limit of a pod is %s and its request %s, and in production they are equal
#   solution: set requests.memory and limits.memory to what the pod needs at most
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "resources", "limits", "memory"],
	[_resources.limits.memory, _resources.requests.memory],
) if {
	tier.is_production
	_limit.memory > workloads.requests.memory
}

# METADATA
# title: A pod too large
# custom:
#   message: a pod may use %s of %s, and at most %s is allowed
#   solution: lower the limit and run more replicas, or have the threshold of the rule raised
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "resources", "limits", kind],
	[_resources.limits[kind], kind, data.thresholds.resources_bounded[kind]],
) if {
	some kind, amount in _limit
	amount > _most[kind]
}

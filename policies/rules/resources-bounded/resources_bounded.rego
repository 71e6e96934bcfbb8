# METADATA
# title: Bounded pod resources
# description: >-
#   A pod requests no more than its limit, and its limit is at most that of
#   thresholds.resources_bounded, so that it fits on a node. In production the memory limit equals the
#   request: when memory is overcommitted, Kubernetes frees it by killing pods.
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
# title: Request above the limit
# custom:
#   message: a pod requests %s of %s, but its limit is %s
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

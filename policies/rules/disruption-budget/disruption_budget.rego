# METADATA
# title: Disruption budget
# description: >-
#   In production a cluster has a disruption budget that keeps at least one pod running while nodes
#   are drained. In every environment a budget that allows no eviction at all is denied: its nodes can
#   never be drained, and an upgrade of the Kubernetes cluster never ends.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: disruption-budget
#   category: capacity
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.disruption_budget

import data.lockstep.lib.finding
import data.lockstep.lib.tier
import data.lockstep.lib.workloads

checked if {
	is_number(_replicas)
	is_object(_budget)
	every amount in _budget {
		is_number(amount)
	}
}

_replicas := input.new.spec.serving.replicas

_budget := object.get(input.new.spec.serving, "disruption", {})

# METADATA
# title: No budget
# custom:
#   message: spec.serving.disruption is missing; one drain can evict all %s pods of a version
#   solution: "add spec.serving.disruption, such as {maxUnavailable: 1}"
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "disruption"],
	[_replicas],
) if {
	tier.is_production
	count(_budget) == 0
}

# METADATA
# title: minAvailable too high
# custom:
#   message: minAvailable is %s of %s replicas; no pod may be evicted and no node can be drained
#   solution: lower spec.serving.disruption.minAvailable below spec.serving.replicas
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "disruption", "minAvailable"],
	[_budget.minAvailable, _replicas],
) if {
	_budget.minAvailable >= _replicas
}

# METADATA
# title: maxUnavailable too low
# custom:
#   message: maxUnavailable is %s; no pod may be evicted and no node can be drained
#   solution: set spec.serving.disruption.maxUnavailable to 1 or more
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "disruption", "maxUnavailable"],
	[_budget.maxUnavailable],
) if {
	_budget.maxUnavailable < 1
}

# METADATA
# title: A budget that keeps no pod
# custom:
#   message: the budget %s keeps none of the %s replicas while nodes are drained
#   solution: choose a budget that keeps at least one pod of a version
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "disruption", field],
	[_budget, _replicas],
) if {
	tier.is_production
	some field in _keeping_nothing
}

_keeping_nothing contains "minAvailable" if _budget.minAvailable < 1

_keeping_nothing contains "maxUnavailable" if {
	_budget.maxUnavailable >= workloads.replicas_required(input.new.spec.serving)
}

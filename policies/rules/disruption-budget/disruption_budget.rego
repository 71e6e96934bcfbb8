# METADATA
# title: Drains without an outage
# description: >-
#   In production a disruption budget is there, and it keeps a pod while nodes are drained. A budget
#   that lets no pod go is denied everywhere: nodes under it cannot be drained, and no upgrade of
#   the Kubernetes cluster ends.
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
#   message: spec.serving.disruption is missing, so that one drain may take all %s pods of a version
#   solution: "give spec.serving.disruption, such as {maxUnavailable: 1}"
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "disruption"],
	[_replicas],
) if {
	tier.is_production
	count(_budget) == 0
}

# METADATA
# title: A budget that keeps all pods
# custom:
#   message: minAvailable is %s of %s replicas, so that no pod may go and no node can be drained
#   solution: lower spec.serving.disruption.minAvailable below spec.serving.replicas
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "disruption", "minAvailable"],
	[_budget.minAvailable, _replicas],
) if {
	_budget.minAvailable >= _replicas
}

# METADATA
# title: A budget that lets none go
# custom:
#   message: maxUnavailable is %s, so that no pod may go and no node can be drained
#   solution: set spec.serving.disruption.maxUnavailable to 1 or more
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "disruption", "maxUnavailable"],
	[_budget.maxUnavailable],
) if {
	_budget.maxUnavailable < 1
}

# METADATA
# title: A budget that keeps nothing
# custom:
#   message: the budget %s keeps none of %s replicas while nodes are drained
#   solution: choose a budget under which at least one pod of a version stays
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
	_budget.maxUnavailable >= workloads.replicas_asked(input.new.spec.serving)
}

# METADATA
# title: Role of an approval
# description: >-
#   A gate of the source approval names a role that thresholds.approvers lists, with at least as many
#   people as have to approve. Otherwise nobody could approve, and the rollout would wait for ever.
# schemas:
#   - input: schema.family
# custom:
#   short_name: approval-roles
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.approval_roles

import data.lockstep.lib.finding

checked if {
	is_array(input.family.spec.gates)
	is_object(_roles)
}

_roles := data.thresholds.approvers.roles

# Two keys under one name are one person.
_people(role) := {approver.name | some approver in _roles[role]}

# METADATA
# title: Role without approvers
# custom:
#   thresholds: [roles]
#   message: gate %s waits for the role %s, which nobody holds; the roles are %s
#   solution: correct the name of the role, or list its people and keys in policies/data/approvers.yaml
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "gates", i, "role"],
	[gate.name, gate.role, object.keys(_roles)],
) if {
	some i, gate in input.family.spec.gates
	gate.source == "approval"
	not gate.role in object.keys(_roles)
}

# METADATA
# title: Fewer approvers than needed
# custom:
#   thresholds: [roles]
#   message: 'gate %s needs %s approvals for the role %s; the people who hold it: %s'
#   solution: list more people in policies/data/approvers.yaml, or lower the count
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "gates", i, "count"],
	[gate.name, gate.count, gate.role, _people(gate.role)],
) if {
	some i, gate in input.family.spec.gates
	gate.source == "approval"
	gate.role in object.keys(_roles)
	count(_people(gate.role)) < gate.count
}

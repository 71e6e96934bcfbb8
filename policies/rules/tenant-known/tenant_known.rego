# METADATA
# title: Known tenant
# description: >-
#   A family belongs to a tenant that environment.yaml lists, because quotas, budgets and namespaces
#   apply only to those. The rule applies where the environment lists tenants; tenant-quota requires
#   the list in production.
# schemas:
#   - input: schema.family
# custom:
#   short_name: tenant-known
#   category: cost
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.tenant_known

import data.lockstep.lib.finding

checked if {
	is_string(input.family.metadata.tenant)
	is_array(object.get(input.environment.spec, "tenants", []))
	every tenant in object.get(input.environment.spec, "tenants", []) {
		is_string(tenant.name)
	}
}

_known := {tenant.name | some tenant in input.environment.spec.tenants}

# METADATA
# title: Unknown tenant
# custom:
#   message: metadata.tenant is %s, but environment.yaml lists only %s
#   solution: use one of these tenants, or have yours added to environment.yaml
deny contains finding.at(
	rego.metadata.rule(),
	["metadata", "tenant"],
	[input.family.metadata.tenant, _known],
) if {
	count(_known) > 0
	not input.family.metadata.tenant in _known
}

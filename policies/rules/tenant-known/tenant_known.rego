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
import data.lockstep.lib.tenants

checked if {
	is_string(input.family.metadata.tenant)
	is_set(tenants.known)
}

# METADATA
# title: Unknown tenant
# custom:
#   message: metadata.tenant is %s, but environment.yaml lists only %s
#   solution: use one of these tenants, or have yours added to environment.yaml
deny contains finding.at(
	rego.metadata.rule(),
	["metadata", "tenant"],
	[input.family.metadata.tenant, tenants.known],
) if {
	count(tenants.known) > 0
	not input.family.metadata.tenant in tenants.known
}

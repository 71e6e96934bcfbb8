# METADATA
# title: Namespaces of one tenant
# description: >-
#   A cluster is in a namespace of its own tenant, and no namespace belongs to two tenants. An account that may
#   write to a namespace can read its Secrets and change its workloads.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: namespace-of-tenant
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: true
package lockstep.rules.namespace_of_tenant

import data.lockstep.lib.finding
import data.lockstep.lib.tenants

checked if {
	is_array(tenants.declared)
	every tenant in tenants.declared {
		is_string(tenant.name)
		is_array(tenant.namespaces)
	}
	every cluster in input.clusters {
		is_string(cluster.name)
		is_string(cluster.tenant)
		is_string(cluster.spec.namespace)
	}
}

_own[tenant.name] contains namespace if {
	some tenant in tenants.declared
	some namespace in tenant.namespaces
}

# The indexes of the tenants that list a namespace, with its index in the tenant's list.
_claims[namespace] contains [i, j] if {
	some i, tenant in tenants.declared
	some j, namespace in tenant.namespaces
}

# METADATA
# title: Namespace of another tenant
# custom:
#   message: spec.namespace is %s, but tenant %s has only the namespaces %s
#   solution: use one of these namespaces, or have yours added to the tenant in environment.yaml
deny contains finding.of_cluster(
	rego.metadata.rule(),
	cluster.name,
	["spec", "namespace"],
	[cluster.spec.namespace, cluster.tenant, own],
) if {
	some cluster in input.clusters
	own := object.get(_own, cluster.tenant, null)
	is_set(own) # tenant-known reports a tenant that is not listed
	not cluster.spec.namespace in own
}

# METADATA
# title: Namespace listed by two tenants
# custom:
#   message: namespace %s is listed by the tenants %s
#   solution: remove the namespace from all but one tenant
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants", i, "namespaces", j],
	[namespace, names],
) if {
	some namespace, claims in _claims
	names := {tenants.declared[i].name | some [i, _] in claims}
	count(names) > 1 # tenant-quota reports a tenant that is listed twice
	first := min(claims)[0]
	some [i, j] in claims
	i > first
}

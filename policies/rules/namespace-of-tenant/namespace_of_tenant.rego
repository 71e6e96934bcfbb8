# METADATA
# title: Namespaces of one tenant
# description: >-
#   A cluster stands in a namespace of its own tenant, and no namespace belongs to two tenants: who
#   may write into a namespace can read its Secrets and change what runs there.
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

# The places of the tenants that claim a namespace.
_claims[namespace] contains i if {
	some i, tenant in tenants.declared
	some namespace in tenant.namespaces
}

# METADATA
# title: A namespace of somebody else
# custom:
#   message: spec.namespace is %s, and tenant %s has the namespaces %s
#   solution: choose one of these namespaces, or have it added to the tenant in environment.yaml
deny contains finding.of_cluster(
	rego.metadata.rule(),
	cluster.name,
	["spec", "namespace"],
	[cluster.spec.namespace, cluster.tenant, own],
) if {
	some cluster in input.clusters
	own := _own[cluster.tenant] # a tenant that nobody lists is for tenant-known to report
	not cluster.spec.namespace in own
}

# METADATA
# title: A namespace claimed twice
# custom:
#   message: namespace %s is claimed by the tenants %s
#   solution: leave the namespace to one tenant
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants", i, "namespaces", j],
	[namespace, names],
) if {
	some namespace, claims in _claims
	names := {tenants.declared[i].name | some i in claims}
	count(names) > 1 # a tenant that is listed twice is for tenant-quota to report
	some i in claims
	i > min(claims)
	some j
	tenants.declared[i].namespaces[j] == namespace
}

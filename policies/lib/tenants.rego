# METADATA
# title: Tenants
# description: >-
#   Facts about tenants that rules of scope environment need, computed once per environment.
package lockstep.lib.tenants

_most := 10

# METADATA
# title: Declared
# description: The tenants that the environment lists; empty where it has no such list.
declared := object.get(input.environment.spec, "tenants", [])

# METADATA
# title: Known names
# description: The names of the declared tenants.
known := prepared if {
	prepared := input.prepared.tenants
} else := names

# METADATA
# title: Names
# description: The same, from the environment's document. Undefined where a name is not text.
names := {tenant.name | some tenant in declared} if {
	is_array(declared)
	every tenant in declared {
		is_string(tenant.name)
	}
}

# METADATA
# title: Listed once
# description: The declared tenants by their index, without those that an earlier one has the name of.
listed_once := {i: declared[i] | some _, indexes in _declared; i := min(indexes)}

_declared[tenant.name] contains i if some i, tenant in declared

# METADATA
# title: Clusters of a tenant
# description: The indexes of its clusters in input.clusters, by the name of the tenant.
clusters := {tenant: indexes | some tenant, indexes in _clusters}

# For a lookup such as _clusters["risk"] OPA would go through all clusters, once for each tenant.
_clusters[cluster.tenant] contains i if some i, cluster in input.clusters

# METADATA
# title: The largest
# description: >-
#   The names of the ten largest clusters of `sizes` (a size for each index in input.clusters), largest
#   first; clusters of equal size are sorted by name.
largest(sizes) := [pair[1] | some pair in array.slice(_by_size(sizes), 0, _most)]

_by_size(sizes) := sort([[0 - size, input.clusters[i].name] | some i, size in sizes])

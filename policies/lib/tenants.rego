# METADATA
# title: Tenants
# description: >-
#   What rules of scope environment ask about tenants. Each is worked out once per environment.
package lockstep.lib.tenants

_most := 10

# METADATA
# title: Declared
# description: The tenants that the environment lists; none where it has no such list.
declared := object.get(input.environment.spec, "tenants", [])

# METADATA
# title: Clusters of a tenant
# description: The indexes of its clusters in input.clusters, by the name of the tenant.
clusters[tenant] contains i if {
	some i, cluster in input.clusters
	tenant := cluster.tenant
}

# METADATA
# title: The largest
# description: >-
#   The names of at most ten clusters out of `sizes` (a size for each index in input.clusters), the
#   largest first, and of two of one size the one that comes first by name.
largest(sizes) := [pair[1] | some pair in array.slice(_by_size(sizes), 0, _most)]

_by_size(sizes) := sort([[0 - size, input.clusters[i].name] | some i, size in sizes])

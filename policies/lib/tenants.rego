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
# title: Clusters of a tenant
# description: The indexes of its clusters in input.clusters, by the name of the tenant.
clusters[tenant] contains i if {
	some i, cluster in input.clusters
	tenant := cluster.tenant
}

# METADATA
# title: The largest
# description: >-
#   The names of the ten largest clusters of `sizes` (a size for each index in input.clusters), largest
#   first; clusters of equal size are sorted by name.
largest(sizes) := [pair[1] | some pair in array.slice(_by_size(sizes), 0, _most)]

_by_size(sizes) := sort([[0 - size, input.clusters[i].name] | some i, size in sizes])

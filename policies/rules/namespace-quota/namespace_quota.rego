# METADATA
# title: Namespaces within quota
# description: >-
#   In production each namespace has a quota in every region where it has clusters, and everywhere else
#   if another region has one for it in the same Kubernetes cluster, which counts them together. A
#   tenant's quotas add up to no more than its quota, and what a region's clusters need at the peak of
#   a rollout fits into theirs: all pods that autoscalers may start, for every version that runs or is
#   the candidate, with one more for each version while it is updated. In production two versions always
#   count, so that the version to which a rollback returns finds room. Each pod counts with what
#   templates may add (thresholds.resources_bounded.beside) and with the sidecar that Istio adds, because
#   Kubernetes counts them: without room, pods of a rollout or a rollback would never start.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: namespace-quota
#   category: cost
#   severity: error
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: true
package lockstep.rules.namespace_quota

import data.lockstep.lib.finding
import data.lockstep.lib.tenants
import data.lockstep.lib.tier
import data.lockstep.lib.variants
import data.lockstep.lib.workloads

checked if {
	is_array(tenants.declared)
	every tenant in tenants.declared {
		is_string(tenant.name)
		is_array(tenant.namespaces)
		is_number(workloads.millicores(tenant.quota.cpu))
		is_number(workloads.bytes(tenant.quota.memory))
		every quota in object.get(tenant, "quotas", []) {
			is_string(quota.region)
			is_string(quota.namespace)
			is_number(workloads.millicores(quota.cpu))
			is_number(workloads.bytes(quota.memory))
		}
	}
	is_array(input.environment.spec.regions)
	every i, cluster in input.clusters {
		is_string(cluster.name)
		is_string(cluster.tenant)
		is_string(cluster.spec.region)
		is_string(cluster.spec.namespace)
		variants.are_readable(cluster.spec.variants)
		is_object(_needs[i])
	}
	is_number(_injected.cpu)
	is_number(_injected.memory)
}

# What Istio adds to each pod.
_injected := workloads.amounts(data.thresholds.namespace_quota.injected)

# The places of clusters: region and namespace.
_places[[cluster.tenant, cluster.spec.region, cluster.spec.namespace]] contains i if {
	some i, cluster in input.clusters
}

# The quotas of a place, by the indexes of the tenant and of the quota.
_quotas := {place: indexes | some place, indexes in _listed}

# For a lookup such as _listed[place] OPA would go through all quotas, once for each place.
_listed[[tenant.name, quota.region, quota.namespace]] contains [i, j] if {
	some i, tenant in tenants.declared
	some j, quota in tenant.quotas
}

_regions := {region.name | some region in input.environment.spec.regions}

_destinations := {region.name: region.destination | some region in input.environment.spec.regions}

# The namespaces that have a quota in a Kubernetes cluster.
_limited contains [_destinations[region], namespace] if some [_, region, namespace], _ in _quotas

_indexes := {tenant.name: i | some i, tenant in tenants.listed_once}

_pods[i] := pods if {
	some i, cluster in input.clusters
	versions := max([count(workloads.at_peak(cluster.spec.variants)), _fewest_versions])
	pods := (workloads.most_replicas(cluster.spec.serving) + 1) * versions
}

# In production there is always room for a second version: that to which a rollback returns, whose pods
# start while those of the version that it replaces still run.
_fewest_versions := 2 if {
	tier.is_production
} else := 1

# What each cluster needs at the peak: thousandths of cores, bytes, pods, and devices by name.
_needs[i] := {
	"cpu": pods * ((each.cpu + workloads.beside.cpu) + _injected.cpu),
	"memory": pods * ((each.memory + workloads.beside.memory) + _injected.memory),
	"pods": pods,
	"devices": {name: total |
		some name, amount in cluster.spec.serving.resources.limits
		contains(name, "/")
		total := pods * to_number(amount)
	},
} if {
	some i, cluster in input.clusters
	each := workloads.amounts(cluster.spec.serving.resources.requests)
	pods := _pods[i]
}

# METADATA
# title: No quota
# custom:
#   message: namespace %s of tenant %s has no quota in %s, where it has %s clusters
#   solution: add it to the quotas of the tenant in environment.yaml
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants", i, "quotas"],
	[namespace, name, region, count(clusters)],
) if {
	some [name, region, namespace], clusters in _places
	i := _indexes[name] # tenant-known reports others
	namespace in tenants.declared[i].namespaces # and namespace-of-tenant these
	not _quotas[[name, region, namespace]]
	_must_have(region, namespace)
}

_must_have(_, _) if tier.is_production

_must_have(region, namespace) if {
	not tier.is_production
	[_destinations[region], namespace] in _limited
}

# METADATA
# title: Quota of nothing
# custom:
#   message: a quota of tenant %s is for namespace %s in %s, and the tenant has only the namespaces %s
#   solution: correct the name, or remove the quota
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants", i, "quotas", j, "namespace"],
	[tenant.name, quota.namespace, quota.region, tenant.namespaces],
) if {
	some i, tenant in tenants.declared
	some j, quota in tenant.quotas
	not quota.namespace in tenant.namespaces
}

# METADATA
# title: Quota of no region
# custom:
#   message: a quota of tenant %s is for region %s, and the environment has only %s
#   solution: correct the name, or remove the quota
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants", i, "quotas", j, "region"],
	[tenant.name, quota.region, _regions],
) if {
	some i, tenant in tenants.declared
	some j, quota in tenant.quotas
	not quota.region in _regions
}

# METADATA
# title: Duplicate quota
# custom:
#   message: namespace %s has two quotas in %s
#   solution: keep one of the two
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants", i, "quotas", j],
	[namespace, region],
) if {
	some [_, region, namespace], places in _quotas
	count(places) > 1
	some [i, j] in places
	[i, j] != min(places)
}

# METADATA
# title: More quotas than the tenant has
# custom:
#   message: the quotas of tenant %s add up to %s of %s; its quota is %s
#   solution: lower the quotas of its namespaces, or have the quota of the tenant raised
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants", i, "quotas"],
	[tenant.name, _text(kind, total), kind, tenant.quota[kind]],
) if {
	some i, tenant in tenants.declared
	some kind in ["cpu", "memory"]
	total := sum([workloads.amount(kind, quota[kind]) | some quota in tenant.quotas])
	total > workloads.amount(kind, tenant.quota[kind])
}

# METADATA
# title: Clusters that do not fit
# custom:
#   thresholds: [injected]
#   message: >-
#     the pods in namespace %s in %s may request %s of %s at the peak of a rollout, sidecars and updates
#     included; the quota there is %s
#   solution: run fewer or smaller pods, or have the quota in environment.yaml raised
deny contains finding.of_clusters(
	rego.metadata.rule(), tenants.largest(sizes), ["spec", "serving", "replicas"],
	[namespace, region, _text(kind, total), kind, quota[kind]],
) if {
	some [[_, region, namespace], quota, clusters] in _compared
	some kind in ["cpu", "memory", "pods"]
	sizes := {k: _needs[k][kind] | some k in clusters}
	total := sum([size | some size in sizes])
	total > _amount(kind, quota[kind])
}

# The places with clusters and a quota.
_compared contains [place, quota, clusters] if {
	some place, clusters in _places
	some [i, j] in _quotas[place]
	quota := tenants.declared[i].quotas[j]
}

_amount(kind, text) := workloads.amount(kind, text) if kind != "pods"

_amount("pods", most) := most

_text("cpu", amount) := workloads.cpu_text(amount)

_text("memory", amount) := workloads.memory_text(amount)

_text("pods", amount) := amount

# METADATA
# title: Devices without a quota
# custom:
#   message: the pods in namespace %s in %s may have %s of %s at the peak of a rollout; the quota there is %s
#   solution: run fewer pods, or have the devices of the quota in environment.yaml raised
deny contains finding.of_clusters(
	rego.metadata.rule(), tenants.largest(sizes), ["spec", "serving", "replicas"],
	[namespace, region, total, device, most],
) if {
	some [[_, region, namespace], quota, clusters] in _compared
	some device in {name | some k in clusters; some name, _ in _needs[k].devices}
	sizes := {k: object.get(_needs[k].devices, device, 0) | some k in clusters}
	total := sum([size | some size in sizes])
	most := object.get(quota, ["devices", device], 0)
	total > most
}

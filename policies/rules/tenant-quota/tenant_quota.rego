# METADATA
# title: Tenants within quota
# description: >-
#   The requests of all pods of a tenant's clusters add up to no more than its quota, with all pods
#   that autoscalers may start and for every version that runs or is the candidate, so that no step of a
#   rollout is denied what its proposal was allowed. What templates may add to each pod counts too, whether they do or not (thresholds.resources_bounded.beside). A production environment lists its
#   tenants, each once: a tenant that is not listed would have no quota.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: tenant-quota
#   category: cost
#   severity: error
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: true
package lockstep.rules.tenant_quota

import data.lockstep.lib.finding
import data.lockstep.lib.tenants
import data.lockstep.lib.tier
import data.lockstep.lib.variants
import data.lockstep.lib.workloads

checked if {
	is_array(input.families)
	is_array(tenants.declared)
	every tenant in tenants.declared {
		is_string(tenant.name)
		is_number(workloads.millicores(tenant.quota.cpu))
		is_number(workloads.bytes(tenant.quota.memory))
	}
	every i, cluster in input.clusters {
		is_string(cluster.name)
		is_string(cluster.tenant)
		variants.are_readable(cluster.spec.variants)
		is_number(_cpu[i])
		is_number(_memory[i])
	}
}

_pods[i] := pods if {
	some i, cluster in input.clusters
	versions := workloads.at_peak(cluster.spec.variants)
	pods := workloads.most_replicas(cluster.spec.serving) * count(versions)
}

# In thousandths of a core.
_cpu[i] := _pods[i] * (amount + workloads.beside.cpu) if {
	some i, cluster in input.clusters
	amount := workloads.millicores(cluster.spec.serving.resources.requests.cpu)
}

# In bytes.
_memory[i] := _pods[i] * (amount + workloads.beside.memory) if {
	some i, cluster in input.clusters
	amount := workloads.bytes(cluster.spec.serving.resources.requests.memory)
}

# METADATA
# title: No tenants listed
# custom:
#   message: spec.tenants is missing; nothing limits what the %s families of production use
#   solution: add the tenants of the families to environment.yaml, with quotas and budgets
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants"],
	[count(input.families)],
) if {
	tier.is_production
	count(tenants.declared) == 0
}

# METADATA
# title: Duplicate tenant
# custom:
#   message: tenant %s is listed twice; it has two quotas and two budgets
#   solution: keep one of the two entries
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants", i, "name"],
	[name],
) if {
	some name, indexes in _listed
	some i in indexes
	i > min(indexes)
}

_listed[tenant.name] contains i if some i, tenant in tenants.declared

# METADATA
# title: CPU quota exceeded
# custom:
#   message: the pods of tenant %s may request %s of CPU together; its quota is %s
#   solution: run fewer or smaller pods, or have the quota in environment.yaml raised
deny contains finding.of_clusters(
	rego.metadata.rule(),
	tenants.largest(sizes),
	["spec", "serving", "replicas"],
	[tenant.name, workloads.cpu_text(total), tenant.quota.cpu],
) if {
	some tenant in tenants.declared
	sizes := {i: _cpu[i] | some i in tenants.clusters[tenant.name]}
	total := sum([size | some size in sizes])
	total > workloads.millicores(tenant.quota.cpu)
}

# METADATA
# title: Memory quota exceeded
# custom:
#   message: the pods of tenant %s may request %s of memory together; its quota is %s
#   solution: run fewer or smaller pods, or have the quota in environment.yaml raised
deny contains finding.of_clusters(
	rego.metadata.rule(),
	tenants.largest(sizes),
	["spec", "serving", "replicas"],
	[tenant.name, workloads.memory_text(total), tenant.quota.memory],
) if {
	some tenant in tenants.declared
	sizes := {i: _memory[i] | some i in tenants.clusters[tenant.name]}
	total := sum([size | some size in sizes])
	total > workloads.bytes(tenant.quota.memory)
}

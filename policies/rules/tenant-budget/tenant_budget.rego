# METADATA
# title: Tenants within budget
# description: >-
#   The declared monthly costs of a tenant's clusters add up to no more than the tenant's budget. A
#   production environment names the currency of these sums.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: tenant-budget
#   category: cost
#   severity: error
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: true
package lockstep.rules.tenant_budget

import data.lockstep.lib.finding
import data.lockstep.lib.tenants
import data.lockstep.lib.tier

checked if {
	is_array(tenants.declared)
	every tenant in tenants.declared {
		is_string(tenant.name)
		is_number(tenant.budget)
	}
	every cluster in input.clusters {
		is_string(cluster.name)
		is_string(cluster.tenant)
		is_number(object.get(cluster.spec, ["cost", "monthly"], 0))
	}
}

_currency := object.get(input.environment.spec, "currency", "")

# METADATA
# title: No currency
# custom:
#   message: spec.currency is missing; the clusters declare a total cost of %s a month
#   solution: set spec.currency in environment.yaml, such as EUR
deny contains finding.at(rego.metadata.rule(), ["spec", "currency"], [declared]) if {
	tier.is_production
	_currency == ""
	declared := sum([cluster.spec.cost.monthly | some cluster in input.clusters])
}

# METADATA
# title: Budget exceeded
# custom:
#   message: the clusters of tenant %s declare a total cost of %s a month; its budget is %s
#   solution: make the clusters smaller, or have the budget in environment.yaml raised
deny contains finding.of_clusters(
	rego.metadata.rule(),
	tenants.largest(costs),
	["spec", "cost", "monthly"],
	[tenant.name, total, tenant.budget],
) if {
	some tenant in tenants.declared
	costs := {i: input.clusters[i].spec.cost.monthly | some i in tenants.clusters[tenant.name]}
	total := sum([cost | some cost in costs])
	total > tenant.budget
}

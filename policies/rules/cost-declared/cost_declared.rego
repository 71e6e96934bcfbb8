# METADATA
# title: Cost is declared
# description: >-
#   In production a cluster says who pays for it and how much, and nowhere is that less than what
#   its pods cost at the prices of thresholds.cost_declared: requests of all replicas of all running
#   versions, for a month. Budgets of tenants add these sums up.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: cost-declared
#   category: cost
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.cost_declared

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.tier
import data.lockstep.lib.workloads

checked if {
	cluster.readable
	is_number(_pods)
	is_object(workloads.requests)
	is_object(data.thresholds.cost_declared.prices)
	is_number(object.get(input.new.spec, ["cost", "monthly"], 0))
}

# A twelfth of the hours of 365 days.
_hours := 730

_pods := input.new.spec.serving.replicas * count(workloads.running(input.new.spec.variants))

_prices := data.thresholds.cost_declared.prices[input.environment.spec.currency]

# Undefined where the prices are not known. Counted in hundredths, so that a sum which is whole
# stays whole.
_estimate := ceil(round(((100 * _pods) * _hours) * _of_a_pod) / 100)

_of_a_pod := (_cores * _prices.cpuHour) + (_gib * _prices.gibHour)

_cores := workloads.requests.cpu / 1000

_gib := workloads.requests.memory / 1073741824

_about := sprintf("%d %s", [_estimate, input.environment.spec.currency])

default _told := "an unknown sum"

_told := _about

# METADATA
# title: No declared cost
# custom:
#   message: spec.cost is missing, and %s pods cost about %s a month
#   solution: give spec.cost with the cost centre and what the cluster may cost a month
deny contains finding.at(rego.metadata.rule(), ["spec", "cost"], [_pods, _told]) if {
	tier.is_production
	not input.new.spec.cost
}

# METADATA
# title: Declared too low
# custom:
#   message: spec.cost.monthly is %s, and %s pods cost about %s a month
#   solution: declare at least the estimate, or run fewer or smaller pods
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "cost", "monthly"],
	[input.new.spec.cost.monthly, _pods, _about],
) if {
	input.new.spec.cost.monthly < _estimate
}

# METADATA
# title: No price
# custom:
#   message: spec.cost.monthly is %s in %s, and thresholds.cost_declared.prices has no such currency
#   solution: add the prices in the environment's currency to the thresholds of cost-declared
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "cost", "monthly"],
	[input.new.spec.cost.monthly, input.environment.spec.currency],
) if {
	tier.is_production
	not _prices
}

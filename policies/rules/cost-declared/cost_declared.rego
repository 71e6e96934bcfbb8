# METADATA
# title: Cost is declared
# description: >-
#   In production a cluster declares its cost centre and its monthly cost. In every environment the
#   declared cost covers at least what its pods cost at the prices of thresholds.cost_declared: the
#   requests of the fewest pods of all versions that run, for a month. From its proposal on a candidate
#   counts as one that runs, so that no step of a rollout is denied what its proposal was allowed.
#   tenant-budget adds up the declared costs, so a cost that is too low would hide spending.
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

_pods := workloads.fewest_pods(input.new.spec.serving, input.new.spec.variants)

_prices := data.thresholds.cost_declared.prices[input.environment.spec.currency]

# Undefined where there are no prices in the environment's currency. Rounded to hundredths first:
# prices have no exact binary form, and ceil would turn 4380.0000001 into 4381.
_estimate := ceil(round(((100 * _pods) * _hours) * _price_per_pod_hour) / 100)

_price_per_pod_hour := (_cores * _prices.cpuHour) + (_gib * _prices.gibHour)

_cores := workloads.requests.cpu / 1000

_gib := workloads.requests.memory / 1073741824

_estimate_text := sprintf("%d %s", [_estimate, input.environment.spec.currency])

default _estimate_or_unknown := "an unknown sum"

_estimate_or_unknown := _estimate_text

# METADATA
# title: No declared cost
# custom:
#   thresholds: [prices]
#   message: spec.cost is missing; %s pods cost about %s a month
#   solution: add spec.cost with the cost centre and the monthly cost
deny contains finding.at(rego.metadata.rule(), ["spec", "cost"], [_pods, _estimate_or_unknown]) if {
	tier.is_production
	not input.new.spec.cost
}

# METADATA
# title: Declared cost too low
# custom:
#   thresholds: [prices]
#   message: spec.cost.monthly is %s, but %s pods cost about %s a month
#   solution: declare at least the estimate, or run fewer or smaller pods
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "cost", "monthly"],
	[input.new.spec.cost.monthly, _pods, _estimate_text],
) if {
	input.new.spec.cost.monthly < _estimate
}

# METADATA
# title: No price
# custom:
#   thresholds: [prices]
#   message: spec.cost.monthly is %s in %s; thresholds.cost_declared.prices has no prices in this currency
#   solution: add prices in the environment's currency to the thresholds of cost-declared
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "cost", "monthly"],
	[input.new.spec.cost.monthly, input.environment.spec.currency],
) if {
	tier.is_production
	not _prices
}

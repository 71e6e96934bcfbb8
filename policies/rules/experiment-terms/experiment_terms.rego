# METADATA
# title: Terms of an experiment
# description: >-
#   An experiment has an end and a limit. In production each arm has terms in spec.experiments. No
#   experiment runs after its last day, and no arm gets more weight than its ceiling. An arm that
#   learns from live data needs a ceiling, which thresholds.experiment_terms limits. In production the
#   thresholds also limit the total weight of all arms: gates, steps and skew do not count experiments,
#   so an arm with most of the traffic would be a rollout without any gate.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: experiment-terms
#   category: feedback
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.experiment_terms

import data.lockstep.lib.cluster
import data.lockstep.lib.experiments
import data.lockstep.lib.finding
import data.lockstep.lib.tier
import data.lockstep.lib.variants

checked if {
	cluster.readable
	is_object(_terms)
	is_string(input.time.today)
	is_object(input.environment.spec)
	is_number(_live_ceiling)
	is_number(_total_ceiling)
}

_terms := object.get(input.new.spec, "experiments", {})

_live_ceiling := data.thresholds.experiment_terms.liveCeiling

_total_ceiling := data.thresholds.experiment_terms.together

_arms := experiments.arms(input.new.spec.variants)

# METADATA
# title: An arm without terms
# custom:
#   message: arm %s has no terms; spec.experiments has terms only for %s
#   solution: add the arm's terms to spec.experiments, with its last day and whether it learns live
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "name"],
	[variant.name, object.keys(_terms)],
) if {
	tier.is_production
	some i, variant in input.new.spec.variants
	variants.is_arm(variant)
	not _terms[variant.name]
}

# METADATA
# title: An expired experiment
# custom:
#   message: the experiment of arm %s ended on %s; today is %s
#   solution: remove the arm and its terms, or extend the experiment
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "experiments", name, "expires"],
	[name, terms.expires, input.time.today],
) if {
	some name, terms in _terms
	name in _arms
	terms.expires < input.time.today
}

# METADATA
# title: Weight above the ceiling
# custom:
#   message: arm %s has weight %s; its ceiling is %s
#   solution: lower the weight of the arm to its ceiling
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "weight"],
	[input.new.spec.variants[i].name, input.new.spec.variants[i].weight, ceiling],
) if {
	some i, ceiling in _above
}

# The ceilings that arms exceed, by the arm's index.
_above[i] := ceiling if {
	some i, variant in input.new.spec.variants
	variants.is_arm(variant)
	ceiling := _terms[variant.name].ceiling
	variant.weight > ceiling
}

# METADATA
# title: Live learning without a ceiling
# custom:
#   message: arm %s learns from live data, but its terms have no ceiling
#   solution: set ceiling in the arm's terms to the highest weight that the arm may get
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "experiments", name, "learnsFrom"],
	[name],
) if {
	some name in _arms
	terms := _terms[name]
	terms.learnsFrom == "live"
	not terms.ceiling
}

# METADATA
# title: Ceiling too high
# custom:
#   thresholds: [liveCeiling]
#   message: arm %s learns from live data with a ceiling of %s; the highest allowed is %s
#   solution: lower the ceiling
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "experiments", name, "ceiling"],
	[name, terms.ceiling, _live_ceiling],
) if {
	some name in _arms
	terms := _terms[name]
	terms.learnsFrom == "live"
	terms.ceiling > _live_ceiling
}

_shares := {i: variant.weight |
	some i, variant in input.new.spec.variants
	variants.is_arm(variant)
}

# METADATA
# title: Total weight of the arms too high
# custom:
#   thresholds: [together]
#   message: arms %s have a total weight of %s; experiments may have at most %s
#   solution: lower the weights of the arms, or roll the version out with lockstep propose and advance
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", largest, "weight"],
	[[input.new.spec.variants[i].name | some i, _ in _shares], total, _total_ceiling],
) if {
	tier.is_production
	count(_above) == 0 # reported above already
	total := sum([weight | some _, weight in _shares])
	total > _total_ceiling
	largest := min([i | some i, weight in _shares; weight == max([each | some _, each in _shares])])
}

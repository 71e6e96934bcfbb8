# METADATA
# title: Terms of an experiment
# description: >-
#   An experiment has an end and bounds: in production each arm has terms in spec.experiments, no
#   experiment has expired, and no arm gets more than its ceiling. An arm that learns from live data
#   has a ceiling, and thresholds.experiment_terms bounds it.
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
}

_terms := object.get(input.new.spec, "experiments", {})

_live_ceiling := data.thresholds.experiment_terms.liveCeiling

_arms := experiments.arms(input.new.spec.variants)

# METADATA
# title: An arm without terms
# custom:
#   message: arm %s has no terms; spec.experiments has terms for %s
#   solution: write until when the experiment runs, and whether it learns live, in spec.experiments
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
# title: An experiment that is over
# custom:
#   message: the experiment of arm %s ended on %s, and today is %s
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
# title: Above its ceiling
# custom:
#   message: arm %s has weight %s, and its ceiling is %s
#   solution: give the arm no more weight than its terms allow
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "weight"],
	[variant.name, variant.weight, ceiling],
) if {
	some i, variant in input.new.spec.variants
	variants.is_arm(variant)
	ceiling := _terms[variant.name].ceiling
	variant.weight > ceiling
}

# METADATA
# title: Learning without a ceiling
# custom:
#   message: arm %s learns from live data, and its terms have no ceiling
#   solution: write the largest share of the traffic that the arm may get as its ceiling
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
# title: Too high a ceiling
# custom:
#   message: arm %s learns from live data with a ceiling of %s, and %s is the highest allowed
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

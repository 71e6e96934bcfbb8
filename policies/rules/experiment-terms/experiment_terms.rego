# METADATA
# title: Terms of an experiment
# description: >-
#   An experiment has an end and bounds: in production each arm has terms in spec.experiments, no
#   experiment has expired, and no arm gets more than its ceiling. An arm that learns from live data
#   has a ceiling, and thresholds.experiment_terms bounds it. It bounds too what all arms of a cluster
#   in production get together: gates, steps and skew leave experiments out, so that a version with
#   most of the traffic in an arm would be a rollout without them.
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
	is_number(_together)
}

_terms := object.get(input.new.spec, "experiments", {})

_live_ceiling := data.thresholds.experiment_terms.liveCeiling

_together := data.thresholds.experiment_terms.together

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
	[input.new.spec.variants[i].name, input.new.spec.variants[i].weight, ceiling],
) if {
	some i, ceiling in _above
}

# The ceilings that arms are above, by the arm's index.
_above[i] := ceiling if {
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

_shares := {i: variant.weight |
	some i, variant in input.new.spec.variants
	variants.is_arm(variant)
}

# METADATA
# title: Arms that get too much together
# custom:
#   message: arms %s get %s of 100 together, and %s is the most that experiments may have
#   solution: give the arms less, or let lockstep propose and advance bring the version to all traffic
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", largest, "weight"],
	[[input.new.spec.variants[i].name | some i, _ in _shares], total, _together],
) if {
	tier.is_production
	count(_above) == 0 # one mistake, told above
	total := sum([weight | some _, weight in _shares])
	total > _together
	largest := min([i | some i, weight in _shares; weight == max([each | some _, each in _shares])])
}

# METADATA
# title: A small first step
# description: >-
#   A starting point, to be replaced. The first step of a rollout has at most 25 % of the traffic, so
#   that a bad version reaches few requests before the gates have seen it.
# schemas:
#   - input: schema.family
# custom:
#   short_name: RULE
#   category: CATEGORY
#   # error denies a change; warning only reports.
#   severity: error
#   since: SINCE
#   # What one evaluation sees: a cluster, a family or an environment.
#   scope: family
#   # true stops rollbacks, too: only for what is worse than a bad version that stays live.
#   blocksRevert: false
#   # Whether an entry in policies/data/waivers/ may accept a finding for a while.
#   waivable: true
#   # A rule that looks at manifests lists their kinds, which are then in input.rendered:
#   # reads: [Deployment, Service]
package lockstep.rules.PACKAGE

import data.lockstep.lib.finding

# True only where all that the rule reads is there. Where it is not, the check fails: a rule that
# could not be evaluated must not look like one that found nothing.
checked if {
	is_array(input.family.spec.rollout.steps)
	every step in input.family.spec.rollout.steps {
		is_number(step.weight)
	}
}

# A number that others may want to change belongs in thresholds.yaml; see docs/how-to/own-rules.md.
_most := 25

# Each deny has a title, a message and a solution. Each %s of the message is filled, in this order,
# with one of the values of the list; a message has at least one, so that it names what was found.
# METADATA
# title: A large first step
# custom:
#   message: the first step has %s %% of the traffic, and at most %s %% are allowed
#   solution: begin spec.rollout.steps with a smaller weight
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "rollout", "steps", 0, "weight"],
	[weight, _most],
) if {
	weight := input.family.spec.rollout.steps[0].weight
	weight > _most
}

# METADATA
# title: No step larger than the plan
# description: >-
#   In one change the weight of a version grows at most to the next step of the family's plan. Where
#   the change edits the plan, the next step of the old plan counts too. A new family, an adopted state
#   and a version that was verified before (a rollback) are exempt.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: step-in-plan
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.step_in_plan

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.moves
import data.lockstep.lib.variants

checked if {
	cluster.past_is_known
	cluster.readable
	is_array(input.rollout.verified)
	is_boolean(input.rollout.adopted)
	some step in input.family.spec.rollout.steps
	is_number(step.weight)
}

# Both plans count: a change must not edit the plan and use the new steps at once.
_steps := [step |
	some family in [input.family, input.family_before]
	some step in family.spec.rollout.steps
	is_number(step.weight)
]

_limit(before, total) := min([weight |
	some step in _steps
	weight := variants.step_weight(total, step.weight)
	weight > before
])

# METADATA
# title: Step too large
# custom:
#   message: version %s goes from weight %s to %s; the next step of the plan is %s
#   solution: give it the weight of the next step, or move it with lockstep advance
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "weight"],
	[variant.version, move.before, move.after, limit],
) if {
	not input.rollout.adopted
	new := input.new.spec.variants
	variants.are_plain(new)
	variants.add_up(new) # weights-sum reports other sums
	some i, move in moves.forward
	variant := new[i]
	not variants.is_arm(variant)
	limit := _limit(move.before, variants.roles_total(new))
	move.after > limit
}

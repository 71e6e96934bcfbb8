# METADATA
# title: Step not larger than the plan
# description: >-
#   In one change the weight of a version grows at most to the next step of the family's plan, and of
#   the plan before where the change writes another one. A new family, an adopted state and a version
#   that was verified before (a way back) are free to move.
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

# A plan that the change writes anew does not carry what moves in the same change.
_steps := [step |
	some family in [input.family, input.family_before]
	some step in family.spec.rollout.steps
	is_number(step.weight)
]

_limit(before, whole) := min([weight |
	some step in _steps
	weight := variants.part(whole, step.weight)
	weight > before
])

# METADATA
# title: A larger step
# custom:
#   message: version %s goes from weight %s to %s, and the next step of the plan is %s
#   solution: give it the weight of the next step, or let lockstep advance move it
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "weight"],
	[variant.version, move.before, move.after, limit],
) if {
	not input.rollout.adopted
	new := input.new.spec.variants
	variants.are_plain(new)
	variants.add_up(new) # other sums are for weights-sum to report
	some i, move in moves.forward
	variant := new[i]
	not variants.is_arm(variant)
	limit := _limit(move.before, variants.whole(new))
	move.after > limit
}

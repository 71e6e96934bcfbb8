# METADATA
# title: Nothing moves in freezes
# description: >-
#   While a freeze of environment.yaml is in force, no version gains weight that was not verified
#   before. The way back is never frozen, and a new cluster moves nothing.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: freeze
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.freeze

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.moves

checked if {
	cluster.past_is_known
	cluster.readable
	is_array(input.rollout.verified)
	is_array(input.freezes)
	every freeze in input.freezes {
		is_string(freeze.name)
		is_string(freeze.reason)
		is_string(freeze.until)
	}
}

# Of several freezes the one that lasts longest.
_freeze := max([[freeze.until, freeze.name, freeze.reason] | some freeze in input.freezes])

# METADATA
# title: A move in a freeze
# custom:
#   message: version %s goes from weight %s to %s in the freeze %s (%s), which lasts until %s
#   solution: wait until the freeze has ended; a version that was verified may come back meanwhile
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "weight"],
	[input.new.spec.variants[i].version, move.before, move.after, name, reason, until],
) if {
	[until, name, reason] := _freeze
	some i, move in moves.forward
}

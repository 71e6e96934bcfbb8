# METADATA
# title: No forward moves during a freeze
# description: >-
#   While a freeze in environment.yaml is in force, only versions that were verified before gain
#   weight. Freezes never block rollbacks. A cluster of a new family is allowed.
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

# If several freezes are in force, the one that ends last.
_freeze := max([[freeze.until, freeze.name, freeze.reason] | some freeze in input.freezes])

# METADATA
# title: A forward move during a freeze
# custom:
#   message: version %s goes from weight %s to %s during the freeze %s (%s), which ends at %s
#   solution: wait until the freeze has ended; rollbacks to a verified version are allowed
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "weight"],
	[input.new.spec.variants[i].version, move.before, move.after, name, reason, until],
) if {
	[until, name, reason] := _freeze
	some i, move in moves.forward
}

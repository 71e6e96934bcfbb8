# METADATA
# title: Variants match the newest record
# description: >-
#   The variants of a family are those of its newest decision record. A weight that was edited by hand
#   passed no gate and has no record, so Lockstep no longer knows the position of the rollout.
# schemas:
#   - input: schema.family
# custom:
#   short_name: not-diverged
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.not_diverged

import data.lockstep.lib.finding

checked if {
	is_boolean(input.rollout.diverged)
	_divergences_are_readable
	every cluster in input.clusters {
		is_string(cluster.name)
	}
}

_divergences_are_readable if input.rollout.diverged == false

_divergences_are_readable if {
	count(input.rollout.divergences) > 0
	every divergence in input.rollout.divergences {
		is_string(divergence.cluster)
		is_string(divergence.found)
		is_string(divergence.recorded)
	}
}

_present := {cluster.name | some cluster in input.clusters}

# METADATA
# title: Variants differ from the newest record
# custom:
#   message: cluster %s has %s, but the newest decision record has %s
#   solution: >-
#     undo the change and move the family with lockstep advance or revert; or record the change with
#     lockstep adopt --reason
deny contains finding.of_cluster(
	rego.metadata.rule(), divergence.cluster, ["spec", "variants"],
	[divergence.cluster, divergence.found, divergence.recorded],
) if {
	input.rollout.diverged
	some divergence in input.rollout.divergences
	divergence.cluster in _present
}

# METADATA
# title: Recorded cluster was removed
# custom:
#   message: cluster %s was removed, but the newest decision record has it with %s
#   solution: restore the cluster, or record its removal with lockstep adopt --reason
deny contains finding.at(
	rego.metadata.rule(), ["spec", "rollout", "waves"],
	[divergence.cluster, divergence.recorded],
) if {
	input.rollout.diverged
	some divergence in input.rollout.divergences
	not divergence.cluster in _present
}

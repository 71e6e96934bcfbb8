# METADATA
# title: Variants as recorded
# description: >-
#   The variants of a family are those of its newest decision record. A weight that was changed by
#   hand passed no gate and has no record, so nothing knows any more where the rollout stands.
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
	_is_told
	every cluster in input.clusters {
		is_string(cluster.name)
	}
}

_is_told if input.rollout.diverged == false

_is_told if {
	count(input.rollout.divergences) > 0
	every divergence in input.rollout.divergences {
		is_string(divergence.cluster)
		is_string(divergence.found)
		is_string(divergence.recorded)
	}
}

_present := {cluster.name | some cluster in input.clusters}

# METADATA
# title: Variants without a record
# custom:
#   message: cluster %s has %s, and the newest decision record says %s
#   solution: >-
#     take the change back and let lockstep advance or revert move the family; or record it with
#     lockstep adopt and a reason
deny contains finding.of_cluster(
	rego.metadata.rule(), divergence.cluster, ["spec", "variants"],
	[divergence.cluster, divergence.found, divergence.recorded],
) if {
	input.rollout.diverged
	some divergence in input.rollout.divergences
	divergence.cluster in _present
}

# METADATA
# title: A cluster that is gone
# custom:
#   message: cluster %s is gone, and the newest decision record says that it has %s
#   solution: bring the cluster back, or record that it is gone with lockstep adopt and a reason
deny contains finding.at(
	rego.metadata.rule(), ["spec", "rollout", "waves"],
	[divergence.cluster, divergence.recorded],
) if {
	input.rollout.diverged
	some divergence in input.rollout.divergences
	not divergence.cluster in _present
}

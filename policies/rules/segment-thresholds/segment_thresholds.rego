# METADATA
# title: A gate per segment
# description: >-
#   A candidate that is good enough on average can be bad for a group of users. So in production each
#   segment that clusters of the family serve has a gate of its own. A gate for a segment that no
#   cluster serves is denied, because it would never be evaluated; while the file of a cluster is
#   malformed this is not checked, since that cluster may serve the segment.
# schemas:
#   - input: schema.family
# custom:
#   short_name: segment-thresholds
#   category: segments
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.segment_thresholds

import data.lockstep.lib.finding
import data.lockstep.lib.gates
import data.lockstep.lib.tier

checked if {
	is_array(input.clusters)
	every cluster in input.clusters {
		is_string(cluster.name)
		is_object(cluster.new.spec)
	}
	is_array(input.family.spec.gates)
	is_object(input.environment.spec)
	is_boolean(input.complete)
}

_clusters_of[cluster.new.spec.segment.name] contains cluster.name if {
	some cluster in input.clusters
}

_served := object.keys(_clusters_of)

# A gate that is asked before the first step protects no user during the rollout.
_gated contains gate.segment if {
	some gate in input.family.spec.gates
	gates.at_steps(gate)
}

# METADATA
# title: Segment without a gate
# custom:
#   message: the family has no gate for segment %s; it has gates for the segments %s
#   solution: add a gate for this segment, with bounds that suit it
deny contains finding.of_clusters(
	rego.metadata.rule(),
	sort(names),
	["spec", "segment", "name"],
	[segment, _gated],
) if {
	tier.is_production
	some segment, names in _clusters_of
	not segment in _gated
}

# METADATA
# title: Gate that is never evaluated
# custom:
#   message: gate %s is for segment %s, but the clusters of the family serve only the segments %s
#   solution: correct the segment's name, or remove the gate
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "gates", i, "segment"],
	[gate.name, gate.segment, _served],
) if {
	input.complete
	some i, gate in input.family.spec.gates
	not gate.segment in _served
}

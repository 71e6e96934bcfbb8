# METADATA
# title: Minimum gates for regulated segments
# description: >-
#   In production the gates of a regulated segment (its own and those of the whole family) meet the
#   floors of thresholds.regulated_floors: for each metric listed there, one gate has a bound that is
#   at least as strict, with enough samples and the required confidence. In every environment a gate
#   for the segment is at least as strict as the family's gate on the same metric.
# schemas:
#   - input: schema.family
# custom:
#   short_name: regulated-floors
#   category: segments
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: false
package lockstep.rules.regulated_floors

import data.lockstep.lib.finding
import data.lockstep.lib.gates
import data.lockstep.lib.tier

checked if {
	is_array(input.clusters)
	every cluster in input.clusters {
		is_object(cluster.new.spec)
	}
	is_array(input.family.spec.gates)
	is_object(input.environment.spec)
	is_object(_floors)
}

_floors := data.thresholds.regulated_floors.floors

_at_least := {"min", "minSamples", "confidence"}

_at_most := {"max", "maxDropVsStable"}

# A segment that was regulated before the change still counts, so that a change cannot lift the
# floors that it is checked by.
_regulated contains cluster.new.spec.segment.name if {
	some cluster in input.clusters
	some document in [cluster.new, cluster.old]
	document.spec.segment.regulated == true
}

# The indexes of a segment's own gates on a metric, and of the family's. A gate that is asked before
# the first step says nothing of live traffic, so it holds no floor.
_own[gate.segment][gate.metric] contains i if {
	some i, gate in input.family.spec.gates
	gates.at_steps(gate)
}

_general[gate.metric] contains i if {
	some i, gate in input.family.spec.gates
	gates.at_steps(gate)
	not gate.segment
}

_own_of(segment, metric) := object.get(_own, [segment, metric], set())

_general_of(metric) := object.get(_general, metric, set())

_gates_for(segment, metric) := _own_of(segment, metric) | _general_of(metric)

_bounds(gate) := object.filter(gate, _at_least | _at_most)

# Whether a gate is laxer than `floor`. A missing bound is laxer than any.
_laxer(gate, floor) if {
	some key, bound in floor
	not _holds(key, gate[key], bound)
}

_laxer(gate, floor) if {
	count(object.keys(floor) - object.keys(gate)) > 0
}

_holds(key, value, bound) if {
	key in _at_least
	value >= bound
}

_holds(key, value, bound) if {
	key in _at_most
	value <= bound
}

_one_holds(places, floor) if {
	some i in places
	not _laxer(input.family.spec.gates[i], floor)
}

# The gate to report when none is strict enough: the segment's own where it has one.
_nearest(segment, metric) := own if {
	own := min(_own_of(segment, metric))
} else := min(_general_of(metric))

# METADATA
# title: No gate on the metric
# custom:
#   thresholds: [floors]
#   message: regulated segment %s has no gate on metric %s; the floor is %s
#   solution: add a gate on this metric for the segment that meets the floor
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "gates"],
	[segment, metric, floor],
) if {
	tier.is_production
	some segment in _regulated
	some metric, floor in _floors
	count(_gates_for(segment, metric)) == 0
}

# METADATA
# title: Gate below the floor
# custom:
#   thresholds: [floors]
#   message: gate %s requires %s of regulated segment %s on metric %s; the floor is %s
#   solution: make the gate at least as strict as the floor
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "gates", nearest],
	[gate.name, _bounds(gate), segment, metric, floor],
) if {
	tier.is_production
	some segment in _regulated
	some metric, floor in _floors
	places := _gates_for(segment, metric)
	not _one_holds(places, floor)
	nearest := _nearest(segment, metric)
	gate := input.family.spec.gates[nearest]
}

# METADATA
# title: Laxer than the family's gate
# custom:
#   message: gate %s of regulated segment %s has %s, but gate %s of the whole family has %s
#   solution: make the segment's gate at least as strict as the family's, or remove it
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "gates", i, key],
	[gate.name, gate.segment, {key: gate[key]}, other.name, {key: other[key]}],
) if {
	some i, gate in input.family.spec.gates
	gates.at_steps(gate)
	gate.segment in _regulated
	some j in _general_of(gate.metric)
	other := input.family.spec.gates[j]
	some key in ["min", "max", "maxDropVsStable"]
	not _holds(key, gate[key], other[key])
}

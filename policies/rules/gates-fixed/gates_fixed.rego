# METADATA
# title: Gates do not change during a rollout
# description: >-
#   While a rollout is running or held, the gates, waves, steps and onFailure of the family do not
#   change, so that no gate can be weakened to let a failing candidate pass. The bake time of a step may
#   change.
# schemas:
#   - input: schema.family
# custom:
#   short_name: gates-fixed
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.gates_fixed

import data.lockstep.lib.finding

checked if {
	is_string(input.rollout.phase)
	is_array(_new.gates)
	is_array(_new.rollout.waves)
	is_array(_new.rollout.steps)
	is_string(_new.rollout.onFailure)
	_past_is_known(input.family_before)
}

_past_is_known(before) if is_null(before)

_past_is_known(before) if is_object(before.spec)

_new := input.family.spec

_old := input.family_before.spec

_is_running if input.rollout.phase in {"rolling", "held"}

_named(spec, name) if {
	some gate in spec.gates
	gate.name == name
}

# METADATA
# title: Changed gate
# custom:
#   message: "%s of gate %s changed from %s to %s while a rollout is %s"
#   solution: restore the gate, and change it after the rollout has ended
deny contains finding.at(
	rego.metadata.rule(), ["spec", "gates", i, key],
	[key, gate.name, before, after, input.rollout.phase],
) if {
	_is_running
	some i, gate in _new.gates
	some was in _old.gates
	was.name == gate.name
	some key in (object.keys(gate) | object.keys(was))
	before := object.get(was, key, null)
	after := object.get(gate, key, null)
	before != after
}

# METADATA
# title: Added gate
# custom:
#   message: gate %s was added while a rollout is %s
#   solution: remove the gate, and add it after the rollout has ended
deny contains finding.at(
	rego.metadata.rule(), ["spec", "gates", i],
	[gate.name, input.rollout.phase],
) if {
	_is_running
	some i, gate in _new.gates
	is_object(_old)
	not _named(_old, gate.name)
}

# METADATA
# title: Removed gate
# custom:
#   message: gate %s was removed while a rollout is %s
#   solution: restore the gate, and remove it after the rollout has ended
deny contains finding.at(
	rego.metadata.rule(), ["spec", "gates"],
	[was.name, input.rollout.phase],
) if {
	_is_running
	some was in _old.gates
	not _named(_new, was.name)
}

_plan(rollout, "steps") := [object.remove(step, ["bake"]) | some step in rollout.steps]

_plan(rollout, field) := rollout[field] if field in {"waves", "onFailure"}

# METADATA
# title: Changed plan
# custom:
#   message: "%s of spec.rollout changed from %s to %s while a rollout is %s"
#   solution: restore it, and change it after the rollout has ended
deny contains finding.at(
	rego.metadata.rule(), ["spec", "rollout", field],
	[field, before, after, input.rollout.phase],
) if {
	_is_running
	some field in ["waves", "steps", "onFailure"]
	before := _plan(_old.rollout, field)
	after := _plan(_new.rollout, field)
	before != after
}

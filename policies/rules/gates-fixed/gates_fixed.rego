# METADATA
# title: Gates stay during rollouts
# description: >-
#   While a rollout is running or held, its gates, waves, steps and what follows a failure stay as
#   they were: a version is judged by what was agreed before it came. How long a step bakes may
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
# title: A gate that was changed
# custom:
#   message: "%s of gate %s was %s and is now %s, while a rollout is %s"
#   solution: put the gate back as it was, and change it when the rollout has ended
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
# title: A gate that is new
# custom:
#   message: gate %s was not there when the rollout began, which is %s
#   solution: take the gate out, and add it when the rollout has ended
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
# title: A gate that is gone
# custom:
#   message: gate %s was removed while a rollout is %s
#   solution: put the gate back as it was, and remove it when the rollout has ended
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
# title: A plan that was changed
# custom:
#   message: "%s of spec.rollout was %s and is now %s, while a rollout is %s"
#   solution: put it back as it was, and change it when the rollout has ended
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

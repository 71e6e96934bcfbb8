# METADATA
# title: Lock is fresh
# description: >-
#   When a version enters a cluster or gains weight there, its lock was read from the registry
#   recently. Since then the version may have been archived, tagged or measured again. Versions that
#   were verified before and clusters of a new family are exempt.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: lock-fresh
#   category: registry
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.lock_fresh

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.moves

checked if {
	cluster.past_is_known
	cluster.readable
	is_object(input.locks)
	is_array(input.rollout.verified)
	is_string(input.time.now)
	is_number(_allowed)
	every _, read in _read {
		is_string(read)
	}
}

_allowed := data.thresholds.lock_fresh.maxAgeHours

_hour := 3600000000000

# Clocks of runners may differ by minutes, and input.time.now is the last full hour.
_tolerated := -1

_moving contains i if some i, _ in moves.forward

_moving contains i if {
	cluster.changed
	some i, variant in input.new.spec.variants
	not variant.version in {was.version | some was in moves.before}
	not variant.version in input.rollout.verified
}

# When the lock of each of these variants was read, by index; null where the lock has no time.
_read[i] := object.get(input.locks[version], ["facts", "readAt"], null) if {
	some i in _moving
	version := input.new.spec.variants[i].version
}

_age(read) := floor((time.parse_rfc3339_ns(input.time.now) - time.parse_rfc3339_ns(read)) / _hour)

# METADATA
# title: An old lock
# custom:
#   thresholds: [maxAgeHours]
#   message: the lock of version %s was read at %s, %s hours ago; at most %s hours are allowed
#   solution: run lockstep lock {family} {version}, and review what has changed in the registry
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[input.new.spec.variants[i].version, read, age, _allowed],
) if {
	some i, read in _read
	age := _age(read)
	age > _allowed
}

# METADATA
# title: A lock from the future
# custom:
#   message: the lock of version %s was read at %s, which is after the current time %s
#   solution: run lockstep lock {family} {version}; never edit a lock
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[input.new.spec.variants[i].version, read, input.time.now],
) if {
	some i, read in _read
	_age(read) < _tolerated
}

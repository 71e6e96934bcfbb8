# METADATA
# title: Every version has a lock
# description: >-
#   Every version of a cluster has a lock with the registry's facts, and the lock is for that version
#   of the family's model. Without it no other rule could check the version. version-pinned reports a
#   version that is not a number.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: version-locked
#   category: registry
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: true
#   waivable: false
package lockstep.rules.version_locked

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.variants

checked if {
	cluster.readable
	is_object(input.locks)
	is_string(input.family.spec.model.registry)
	is_string(input.family.spec.model.name)
}

_is_for(lock, version) if {
	lock.identity.version == version
	lock.identity.model == input.family.spec.model.name
	lock.identity.registry == input.family.spec.model.registry
}

_recorded(lock, key) := object.get(lock, ["identity", key], null)

# METADATA
# title: No lock
# custom:
#   message: version %s of variant %s has no lock
#   solution: run lockstep lock {family} {version} and lockstep render, and commit what they write
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "version"],
	[variant.version, variant.name],
) if {
	some i, variant in input.new.spec.variants
	not input.locks[variant.version]
	variants.is_plain(variant.version)
}

# METADATA
# title: Lock of another version or model
# custom:
#   message: the lock of version %s is for version %s of %s in %s, but the family's model is %s in %s
#   solution: run lockstep lock {family} {version}; never copy or edit a lock
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "version"],
	[
		variant.version,
		_recorded(lock, "version"), _recorded(lock, "model"), _recorded(lock, "registry"),
		input.family.spec.model.name, input.family.spec.model.registry,
	],
) if {
	some i, variant in input.new.spec.variants
	lock := input.locks[variant.version]
	not _is_for(lock, variant.version)
}

# METADATA
# title: No archived version
# description: >-
#   No cluster has a version that is archived in the registry: its owners have withdrawn it.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: version-not-archived
#   category: registry
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.version_not_archived

import data.lockstep.lib.cluster
import data.lockstep.lib.finding

checked if {
	cluster.readable
	is_object(input.locks)
	count(_unknown) == 0
}

_unknown contains variant.version if {
	some variant in input.new.spec.variants
	lock := input.locks[variant.version]
	not _says_archived(lock)
}

_says_archived(lock) if is_boolean(lock.facts.archived)

# METADATA
# title: Archived version
# custom:
#   message: version %s of variant %s is archived in the registry
#   solution: propose a version that is not archived, or have its owner restore it and run lockstep lock
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "version"],
	[variant.version, variant.name],
) if {
	some i, variant in input.new.spec.variants
	input.locks[variant.version].facts.archived == true
}

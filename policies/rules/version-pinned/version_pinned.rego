# METADATA
# title: Versions are numbers, not aliases
# description: >-
#   A version is a number of the registry. An alias or a stage can be moved to another version, and
#   then the same commit would serve another model.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: version-pinned
#   category: registry
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: false
package lockstep.rules.version_pinned

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.variants

checked if cluster.readable

# METADATA
# title: Version is not a number
# custom:
#   message: version %s of variant %s is not a version number
#   solution: write the number of the registered version, in quotes, such as "42"
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "version"],
	[variant.version, variant.name],
) if {
	some i, variant in input.new.spec.variants
	not variants.is_plain(variant.version)
}

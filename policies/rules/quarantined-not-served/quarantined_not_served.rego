# METADATA
# title: Quarantined versions get no traffic
# description: >-
#   A version in quarantine gets no traffic, in this environment and in later ones, until it is
#   released from quarantine. It is recognised by its content digest, or by its model and number in the
#   registry.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: quarantined-not-served
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: true
#   waivable: false
package lockstep.rules.quarantined_not_served

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.quarantine

checked if {
	cluster.readable
	is_object(input.locks)
	is_array(input.quarantine)
	is_string(input.family.spec.model.registry)
	is_string(input.family.spec.model.name)
}

# METADATA
# title: Traffic for a quarantined version
# custom:
#   message: version %s of variant %s has weight %s, but it is in quarantine since %s (%s)
#   solution: serve another version, or release this one from quarantine with lockstep release --reason
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "weight"],
	[
		variant.version,
		variant.name,
		variant.weight,
		object.get(entry, "since", ""),
		object.get(entry, "reason", ""),
	],
) if {
	some i, variant in input.new.spec.variants
	variant.weight > 0
	some entry in input.quarantine
	quarantine.applies_to(entry, variant.version)
}

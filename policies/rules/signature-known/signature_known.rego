# METADATA
# title: Signature is known
# description: >-
#   A version that serves or is a candidate is READY in the registry, and in production it has a
#   signature with inputs. Without a signature Lockstep cannot check that callers and the feature
#   store send what the version needs.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: signature-known
#   category: registry
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.signature_known

import data.lockstep.lib.active_variants
import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.tier

checked if {
	cluster.readable
	is_object(input.locks)
	is_object(input.environment.spec)
	every _, lock in cluster.locks {
		is_string(lock.facts.status)
	}
}

# METADATA
# title: Version not ready
# custom:
#   message: the status of version %s in the registry is %s, not READY
#   solution: wait until it is READY in the registry or register it again, then run lockstep lock
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, status],
) if {
	some i, variant in active_variants.by_index
	status := input.locks[variant.version].facts.status
	status != "READY"
}

# METADATA
# title: No signature
# custom:
#   message: version %s has no signature with inputs; its lock has %s
#   solution: >-
#     log the model with a signature or an input example, register it as a new version, and propose it
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, recorded],
) if {
	tier.is_production
	some i, variant in active_variants.by_index
	facts := input.locks[variant.version].facts
	not _has_inputs(facts)
	recorded := object.get(facts, "signature", null)
}

_has_inputs(facts) if count(facts.signature.inputs) > 0

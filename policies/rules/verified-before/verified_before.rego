# METADATA
# title: Verified in the environment before
# description: >-
#   A version that is new to a family is content that the same family has verified in the environment's
#   predecessor and not rolled back there since. Where the predecessor has no such family there is
#   nothing to compare with. A new family, an adopted state, a version that was verified here before and
#   the arms of experiments are exempt. In a pull request the predecessor has to have verified it at the
#   base, too.
# schemas:
#   - input: schema.family
# custom:
#   short_name: verified-before
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.verified_before

import data.lockstep.lib.finding
import data.lockstep.lib.variants

checked if {
	_predecessor_is_known
	is_array(input.rollout.verified)
	is_boolean(input.rollout.adopted)
	is_object(input.locks)
	is_array(input.variants_before)
	every cluster in input.clusters {
		is_string(cluster.name)
		variants.are_readable(cluster.new.spec.variants)
	}
}

_predecessor_is_known if is_null(input.predecessor)

_predecessor_is_known if {
	is_string(input.predecessor.environment)
	is_array(input.predecessor.verified)
}

_before contains variant.version if {
	some past in input.variants_before
	some variant in past
	not variants.is_arm(variant)
}

# The variants of roles with a version that no cluster had before, by version: its places.
_new[variant.version] contains [cluster.name, i] if {
	count(input.variants_before) > 0
	some cluster in input.clusters
	some i, variant in cluster.new.spec.variants
	not variants.is_arm(variant)
	not variant.version in _before
	not variant.version in input.rollout.verified
}

_others(places, version) := [place |
	some [name, i] in finding.first(places)
	place := {
		"cluster": name,
		"path": ["spec", "variants", i, "version"],
		"note": sprintf("version %s", [version]),
	}
]

# METADATA
# title: Not verified in the predecessor
# custom:
#   message: version %s is new here, and its content has not been verified in %s, or was rolled back there since
#   solution: let it be verified there, then carry it here with lockstep promote {family}; for a repair that cannot wait, add a waiver
deny contains finding.with_others(
	finding.of_cluster(
		rego.metadata.rule(), first[0], ["spec", "variants", first[1], "version"],
		[version, input.predecessor.environment],
	),
	_others(places - {first}, version),
) if {
	is_object(input.predecessor)
	not input.rollout.adopted
	some version, places in _new

	# version-locked reports a version without lock.
	digest := input.locks[version].identity.digest
	not digest in input.predecessor.verified
	first := min(places)
}

# METADATA
# title: Removal in two phases
# description: >-
#   A version that had weight stays for one change at weight 0 with warm: true before it is removed.
#   Proxies get new routes one after the other, and until then their requests would find no subset.
#   Exempt are a rollback from a version that was not verified or is in quarantine, an adopted state
#   and a new cluster.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: subset-two-phase
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.subset_two_phase

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.moves
import data.lockstep.lib.quarantine
import data.lockstep.lib.variants

checked if {
	cluster.past_is_known
	cluster.readable
	is_array(input.quarantine)
	is_array(input.rollout.verified)
	is_boolean(input.rollout.adopted)
}

_runs(version) if {
	some variant in input.new.spec.variants
	variant.version == version
	_is_running(variant)
}

_is_running(variant) if variant.weight > 0

_is_running(variant) if variant.warm == true

_is_known(version) if {
	some variant in input.new.spec.variants
	variant.version == version
}

# The versions whose workload, subset and route this change removes, with the weight they had.
_removed[version] := weight if {
	cluster.changed
	not input.rollout.adopted
	variants.are_plain(input.new.spec.variants)
	some version in {variant.version | some variant in moves.before; variant.weight > 0}
	not _runs(version)
	not _is_rollback_from(version)
	weight := sum([variant.weight | some variant in moves.before; variant.version == version])
}

_is_rollback_from(version) if {
	every serving in variants.serving(input.new.spec.variants) {
		serving in input.rollout.verified
	}
	_may_be_dropped(version)
}

_may_be_dropped(version) if not version in input.rollout.verified

_may_be_dropped(version) if {
	some entry in input.quarantine
	quarantine.applies_to(entry, version)
}

# METADATA
# title: Version removed at once
# custom:
#   message: version %s had weight %s, and this change removes it together with its route
#   solution: keep it at weight 0 with warm true in this change, and remove it in the next one
deny contains finding.at(rego.metadata.rule(), ["spec", "variants"], [version, weight]) if {
	some version, weight in _removed
	not _is_known(version)
}

# METADATA
# title: Workload removed at once
# custom:
#   message: version %s had weight %s, and variant %s now has weight 0 without a workload
#   solution: add warm true to the variant in this change, and remove it in a later one
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "weight"],
	[variant.version, _removed[variant.version], variant.name],
) if {
	some i, variant in input.new.spec.variants
	_removed[variant.version]
}

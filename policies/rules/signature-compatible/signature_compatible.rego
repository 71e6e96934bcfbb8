# METADATA
# title: Compatible with callers
# description: >-
#   A new version accepts the requests that callers send today and answers in the same form. It
#   requires no input that the stable version does not have with a type that fits, and its outputs are
#   the same. Where spec.features.columns lists the inputs from the feature store, they are checked by
#   signature-fits-features instead. A version that was verified before is exempt.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: signature-compatible
#   category: registry
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.signature_compatible

import data.lockstep.lib.active_variants
import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.moves
import data.lockstep.lib.signature

checked if {
	cluster.past_is_known
	cluster.readable
	is_object(input.locks)
	is_array(input.rollout.verified)
}

_stable(variants) := max([variant.version |
	some variant in variants
	variant.name == "stable"
])

# The version that callers know: the stable one before the change, or the current one where there
# was none.
_known := _stable(moves.before)

_known := _stable(input.new.spec.variants) if not _stable(moves.before)

# The variants that are compared with it, by index.
_compared[i] := variant if {
	some i, variant in active_variants.by_index
	variant.version != _known
	not variant.version in input.rollout.verified
}

_unmet(version) := [object.filter(column, ["name", "type"]) |
	types := signature.types(_known)
	some i, column in signature.required(version)
	not _fits(types, signature.key(i, column), column.type)
]

_fits(types, key, needed) if signature.fits(types[key], needed)

# METADATA
# title: Inputs that callers do not send
# custom:
#   message: "version %s requires inputs that version %s, which callers know, does not have: %s"
#   solution: >-
#     make the new inputs optional in the model, or provide them in spec.features.columns, or first roll
#     out a version to which callers can send them
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, _known, unmet],
) if {
	not input.new.spec.features.columns
	count(input.locks[_known].facts.signature.inputs) > 0
	some i, variant in _compared
	unmet := _unmet(variant.version)
	count(unmet) > 0
}

# METADATA
# title: Different outputs
# custom:
#   message: version %s has the outputs %s, but version %s, which callers know, has %s
#   solution: return the same outputs by name and type, or serve the version as a separate family
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, outputs, _known, known],
) if {
	known := signature.outputs(_known)
	some i, variant in _compared
	outputs := signature.outputs(variant.version)
	outputs != known
}

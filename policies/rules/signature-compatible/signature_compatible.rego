# METADATA
# title: Compatible with callers
# description: >-
#   A version that comes beside or after the stable one takes the requests that callers send today
#   and answers in the same form: it needs no input that the stable version did not have with a type
#   that fits, and it gives the same outputs. Where spec.features.columns says what the feature store
#   gives, inputs are left to signature-fits-features. A version that was verified is free.
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

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.moves
import data.lockstep.lib.relied
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

# The version that callers know: the stable one before the change, or now where there was none.
_known := _stable(moves.before)

_known := _stable(input.new.spec.variants) if not _stable(moves.before)

# The variants that are compared with it, by their index.
_coming[i] := variant if {
	some i, variant in relied.serving
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
#   message: version %s needs inputs that version %s, which callers know, does not take like that, %s
#   solution: >-
#     make the new inputs optional in the model, or offer them in spec.features.columns, or let callers
#     send them to a version of its own first
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, _known, unmet],
) if {
	not input.new.spec.features.columns
	count(input.locks[_known].facts.signature.inputs) > 0
	some i, variant in _coming
	unmet := _unmet(variant.version)
	count(unmet) > 0
}

# METADATA
# title: Other outputs
# custom:
#   message: version %s gives the outputs %s, and version %s, which callers know, gives %s
#   solution: give the same outputs by name and type, or serve the version as a family of its own
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, outputs, _known, known],
) if {
	known := signature.outputs(_known)
	some i, variant in _coming
	outputs := signature.outputs(variant.version)
	outputs != known
}

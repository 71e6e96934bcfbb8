# METADATA
# title: Compatible with callers
# description: >-
#   A new version accepts the requests that callers send today and answers in the same form. It
#   requires no input that callers need not send to the stable version, takes each input and parameter
#   with a type that fits, ignores no parameter, and its outputs are the same. Inputs may be dropped,
#   because MLflow ignores what callers send in addition, but not in the version that brings new optional
#   ones: a renamed input would be lost. Where spec.features.columns lists the inputs from the feature
#   store, they are checked by signature-fits-features instead. A version that was verified before is
#   exempt.
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

# The inputs that callers send, by name. Those of the feature store are not theirs.
_sent := signature.inputs(_known) if {
	not input.new.spec.features.columns
	count(input.locks[_known].facts.signature.inputs) > 0
}

# What the lock of the known version leaves out, that of a new version has: they cannot be compared.
_uncertain contains i if {
	signature.is_partial(_known)
	some i, variant in _compared
	is_object(input.locks[variant.version].facts.signature)
	not signature.is_partial(variant.version)
}

# The variants whose signature can be compared, by index.
_comparable[i] := variant if {
	some i, variant in _compared
	not i in _uncertain
}

_unmet(version) := [object.filter(column, ["name", "type"]) |
	is_object(_sent)
	some key, column in signature.inputs(version)
	not column.required == false
	not _sent[key]
]

_made_required(version) := [key |
	some key, column in signature.inputs(version)
	_sent[key].required == false
	not column.required == false
]

_misfits(version) := [{"name": column.name, "callersSend": sent.type, "needs": column.type} |
	some key, column in signature.inputs(version)
	sent := _sent[key]
	not signature.fits(sent.type, column.type)
]

_dropped(version) := [key |
	now := signature.inputs(version)
	some key, _ in _sent
	not now[key]
]

_new_optional(version) := [key |
	some key, column in signature.inputs(version)
	column.required == false
	not _sent[key]
]

# METADATA
# title: A lock of an earlier version of Lockstep
# custom:
#   message: >-
#     an earlier version of Lockstep wrote the lock of version %s, which callers know: it does not say
#     which inputs are required, so version %s cannot be compared with it
#   solution: run lockstep lock {family} {version}, and commit the lock
deny contains finding.at_lock(
	rego.metadata.rule(), _known, ["spec", "facts", "signature"],
	[_known, input.new.spec.variants[i].version],
) if {
	some i in _uncertain
}

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
	some i, variant in _comparable
	unmet := _unmet(variant.version)
	count(unmet) > 0
}

# METADATA
# title: Inputs that become required
# custom:
#   message: "version %s requires inputs that are optional in version %s, which callers know: %s"
#   solution: >-
#     make them optional in the model's signature (required=False), or provide them in
#     spec.features.columns
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, _known, names],
) if {
	some i, variant in _comparable
	names := _made_required(variant.version)
	count(names) > 0
}

# METADATA
# title: Inputs of another type
# custom:
#   message: "version %s does not accept the types that callers of version %s send: %s"
#   solution: accept the same types, or a wider one to which MLflow converts without loss
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, _known, misfits],
) if {
	some i, variant in _comparable
	misfits := _misfits(variant.version)
	count(misfits) > 0
}

# METADATA
# title: Inputs that seem renamed
# custom:
#   message: >-
#     version %s drops the inputs %s of version %s, which callers know, and has the new optional inputs
#     %s: what callers send under the old names would be ignored
#   solution: keep the names; or drop inputs in one version, and add others in a later one
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, dropped, _known, added],
) if {
	some i, variant in _comparable
	added := _new_optional(variant.version)
	count(added) > 0
	dropped := _dropped(variant.version)
	count(dropped) > 0
}

# METADATA
# title: Fewer inputs by position
# custom:
#   message: >-
#     version %s has no input at the positions %s, where version %s, which callers know, has one: the
#     meaning of the others may have changed
#   solution: give the inputs names in the model's signature, or keep their number
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, positions, _known],
) if {
	some i, variant in _comparable
	count(signature.inputs(variant.version)) > 0
	positions := [key[0] |
		some key in _dropped(variant.version)
		is_array(key)
	]
	count(positions) > 0
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

# METADATA
# title: Outputs that may be left out
# custom:
#   message: "version %s may leave out outputs that version %s, which callers know, always has: %s"
#   solution: make the outputs required in the model's signature, or serve it as a separate family
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, _known, names],
) if {
	some i, variant in _comparable
	names := [column.name |
		some j, column in input.locks[variant.version].facts.signature.outputs
		column.required == false
		input.locks[_known].facts.signature.outputs[j].required == true
	]
	count(names) > 0
}

# METADATA
# title: Ignored parameters
# custom:
#   message: "version %s ignores parameters that version %s, which callers know, accepts: %s"
#   solution: keep the parameters in the model's signature, or serve it as a separate family
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, _known, names],
) if {
	some i, variant in _comparable
	now := signature.params(variant.version)
	names := [name |
		some name, _ in signature.params(_known)
		not now[name]
	]
	is_object(input.locks[variant.version].facts.signature)
	count(names) > 0
}

# METADATA
# title: Parameters of another type
# custom:
#   message: "version %s does not accept the parameters that callers of version %s send: %s"
#   solution: accept the same types and shapes, or a wider type to which MLflow converts without loss
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, _known, misfits],
) if {
	some i, variant in _comparable
	known := signature.params(_known)
	misfits := [{"name": name, "callersSend": _form(known[name]), "needs": _form(param)} |
		some name, param in signature.params(variant.version)
		not signature.fits_param(known[name], param)
		known[name]
	]
	count(misfits) > 0
}

# A parameter's type, with brackets where it is a list.
_form(param) := param.type if is_null(param.shape)

_form(param) := concat("", [param.type, "[]"]) if not is_null(param.shape)

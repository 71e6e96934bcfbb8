# METADATA
# title: Features fit the model
# description: >-
#   Where spec.features.columns says what the feature service gives, each input that a version needs
#   is one of the columns, with a type that MLflow converts to the needed one without loss. This holds
#   for all versions that serve or are kept ready to. Inputs without a name are left out.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: signature-fits-features
#   category: registry
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.signature_fits_features

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.relied
import data.lockstep.lib.signature

checked if {
	cluster.readable
	is_object(input.locks)
	is_object(input.new.spec)
}

_columns := input.new.spec.features.columns

_needed(version) := [column |
	some column in signature.required(version)
	signature.is_named(column)
]

# METADATA
# title: A column that is missing
# custom:
#   message: version %s needs inputs that spec.features.columns does not have, %s
#   solution: have the service give them and add them to spec.features.columns, or serve another version
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, missing],
) if {
	is_object(_columns)
	some i, variant in relied.running
	missing := [column.name |
		some column in _needed(variant.version)
		not _columns[column.name]
	]
	count(missing) > 0
}

# METADATA
# title: A column of another type
# custom:
#   message: version %s needs types that spec.features.columns does not have, %s
#   solution: train the model on the types that the service gives, or have the service give others
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, other],
) if {
	is_object(_columns)
	some i, variant in relied.running
	other := [{"column": column.name, "has": _columns[column.name], "needs": column.type} |
		some column in _needed(variant.version)
		_columns[column.name]
		not signature.fits(_columns[column.name], column.type)
	]
	count(other) > 0
}

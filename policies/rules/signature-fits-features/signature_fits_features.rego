# METADATA
# title: Features fit the model
# description: >-
#   Where spec.features.columns lists the columns of the feature service, each required input of a
#   version is one of them, and each of them has a type that MLflow converts without loss. The rule checks every
#   version that serves, is a candidate or is kept warm. Inputs without a name are not checked.
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

import data.lockstep.lib.active_variants
import data.lockstep.lib.cluster
import data.lockstep.lib.finding
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

# The inputs that the service provides: MLflow checks the type of an optional one, too.
_provided(version) := [column |
	some key, column in signature.inputs(version)
	_columns[key]
]

_given := {[name, type] | some name, type in _columns}

# The variants with an input for which no column exists with that very type. Nearly all clusters have
# none, and then no column is looked at by itself.
_unlike[i] := variant if {
	is_object(_columns)
	some i, variant in active_variants.or_warm
	wanted := {[column.name, object.get(column, "type", null)] |
		some column in input.locks[variant.version].facts.signature.inputs
		signature.is_named(column)
	}
	count(wanted - _given) > 0
}

# METADATA
# title: Missing column
# custom:
#   message: "version %s requires inputs that spec.features.columns does not have: %s"
#   solution: add them to the feature service and to spec.features.columns, or serve another version
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, missing],
) if {
	some i, variant in _unlike
	missing := [column.name |
		some column in _needed(variant.version)
		not _columns[column.name]
	]
	count(missing) > 0
}

# METADATA
# title: Column of another type
# custom:
#   message: "version %s requires types that the columns in spec.features.columns do not have: %s"
#   solution: train the model on the types of the feature service, or change the types of the service
deny contains finding.at(
	rego.metadata.rule(), ["spec", "variants", i, "version"],
	[variant.version, other],
) if {
	some i, variant in _unlike
	other := [{"column": column.name, "has": _columns[column.name], "needs": column.type} |
		some column in _provided(variant.version)
		not signature.fits(_columns[column.name], column.type)
	]
	count(other) > 0
}

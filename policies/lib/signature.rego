# METADATA
# title: Signatures
# description: The inputs and outputs of a version by its lock, and which types fit.
package lockstep.lib.signature

# The conversions without loss that MLflow makes when it enforces a signature, by the given type.
# https://mlflow.org/docs/latest/ml/model/signatures/
_widens := {
	"integer": {"long", "double"},
	"float": {"double"},
}

# METADATA
# title: Fits
# description: Whether a value of the type `given` may be passed where the type `needed` is expected.
fits(given, needed) if given == needed

fits(given, needed) if needed in _widens[given]

# METADATA
# title: Required inputs
# description: The inputs that callers of a version must send; none where the version has no signature.
required(version) := [column |
	some column in input.locks[version].facts.signature.inputs
	not column.required == false
]

# METADATA
# title: Outputs
# description: Name and type of each output, in order; undefined without a signature.
outputs(version) := [[_name(column), column.type] |
	some column in input.locks[version].facts.signature.outputs
] if {
	is_array(input.locks[version].facts.signature.outputs)
}

# METADATA
# title: Inputs by name
# description: >-
#   The type of each input. An input without a name, such as a tensor, is known by its position. Of two
#   with the same name the last one counts.
types(version) := object.union_n([{key(i, column): column.type} |
	some i, column in input.locks[version].facts.signature.inputs
])

# METADATA
# title: Key of a column
# description: Its name, or its position where it has none.
key(_, column) := column.name if is_named(column)

key(position, column) := position if not is_named(column)

# METADATA
# title: Is named
# description: Whether a column has a name by which callers can send it.
is_named(column) if {
	is_string(column.name)
	column.name != ""
}

_name(column) := column.name if is_named(column)

_name(column) := "" if not is_named(column)

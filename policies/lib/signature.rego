# METADATA
# title: Signatures
# description: What a version takes and gives, as its lock tells it, and which types fit.
package lockstep.lib.signature

# What MLflow converts without loss when it enforces a signature, by the type that is given.
# https://mlflow.org/docs/latest/ml/model/signatures/
_widens := {
	"integer": {"long", "double"},
	"float": {"double"},
}

# METADATA
# title: Fits
# description: Whether a value of the type `given` may be passed where `needed` is asked for.
fits(given, needed) if given == needed

fits(given, needed) if needed in _widens[given]

# METADATA
# title: Inputs that must be given
# description: The inputs of a version that no caller may leave out; none where nothing is known.
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
#   The type of each input. One without a name goes by its place, as tensors do. Of two with the
#   same name the last one counts.
types(version) := object.union_n([{key(i, column): column.type} |
	some i, column in input.locks[version].facts.signature.inputs
])

# METADATA
# title: Key of a column
# description: Its name, or its place where it has none.
key(_, column) := column.name if is_named(column)

key(place, column) := place if not is_named(column)

# METADATA
# title: Is named
# description: Whether a column has a name by which it can be given.
is_named(column) if {
	is_string(column.name)
	column.name != ""
}

_name(column) := column.name if is_named(column)

_name(column) := "" if not is_named(column)

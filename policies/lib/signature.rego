# METADATA
# title: Signatures
# description: The inputs, outputs and parameters of a version by its lock, and which types fit.
package lockstep.lib.signature

# The conversions without loss that MLflow makes when it enforces a signature, by the given type.
# https://mlflow.org/docs/latest/ml/model/signatures/
_widens := {
	"integer": {"long", "double"},
	"float": {"double"},
}

# Those of parameters, which are single values.
_widens_param := {
	"integer": {"long", "float", "double"},
	"long": {"float", "double"},
	"float": {"double"},
}

# METADATA
# title: Fits
# description: >-
#   Whether a value of the type `given` may be passed where the type `needed` is expected. A nested
#   type fits where each of its parts does.
fits(given, needed) if _fits_plainly(given, needed)

fits(given, needed) if {
	was := _dimensions(given)
	now := _dimensions(needed)
	was.dtype == now.dtype
	count(was.shape) == count(now.shape)
	every i, size in now.shape {
		size in {"-1", was.shape[i]}
	}
}

fits(given, needed) if {
	startswith(given, "{")
	startswith(needed, "{")
	was := _parts(given)
	now := _parts(needed)
	every path, part in now {
		_is_sent(was, now, path, part)
	}
	every path, _ in was {
		_is_accepted(now, path)
	}
}

# METADATA
# title: Fits a parameter
# description: Whether what callers send for the parameter `given` may be sent for `needed`.
fits_param(given, needed) if {
	given.shape == needed.shape
	fits(given.type, needed.type)
}

fits_param(given, needed) if {
	given.shape == needed.shape
	needed.type in _widens_param[given.type]
}

_fits_plainly(given, needed) if given == needed

_fits_plainly(given, needed) if needed in _widens[given]

_fits_plainly(_, "any")

# The dtype and the sizes of a tensor.
_dimensions(type) := {"dtype": found[1], "shape": split(found[2], ", ")} if {
	[found] := regex.find_all_string_submatch_n(`^tensor of (\w+), shape \[(.*)\]$`, type, 1)
}

# Each type in a nested type, by the path at which it is declared: Rego has no recursion.
_parts(type) := {path: part |
	walk(json.unmarshal(type), [path, part])
	is_string(part.type)
}

_is_sent(was, _, path, part) if {
	_fits_plainly(was[path].type, part.type)
	_rest(was[path]) == _rest(part)
	not _becomes_required(was[path], part)
}

_is_sent(was, _, path, part) if {
	not was[path]
	part.required == false
}

# Parts of a new property are accepted or not with the property.
_is_sent(was, now, path, _) if {
	some i, _ in path
	around := array.slice(path, 0, i)
	now[around]
	not was[around]
}

_becomes_required(was, now) if {
	was.required == false
	not now.required == false
}

# MLflow refuses a property that the type does not have.
_is_accepted(now, path) if now[path]

_is_accepted(now, path) if {
	some i, _ in path
	now[array.slice(path, 0, i)].type == "any"
}

# What a type says besides: nothing, unless a later MLflow wrote it.
_rest(part) := object.remove(part, ["type", "properties", "items", "values", "required"])

# METADATA
# title: Is partial
# description: >-
#   Whether an earlier version of Lockstep wrote the lock of a version. It left out the parameters and
#   which columns are required.
is_partial(version) if {
	is_object(input.locks[version].facts.signature)
	not input.locks[version].facts.signature.params
}

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
#   Each input by its name. An input without a name, such as a tensor, is known by its position. Of two
#   with the same name the last one counts.
inputs(version) := object.union_n([{key(i, column): column} |
	some i, column in input.locks[version].facts.signature.inputs
])

# METADATA
# title: Parameters by name
# description: Each parameter by its name.
params(version) := {param.name: param |
	some param in input.locks[version].facts.signature.params
}

# METADATA
# title: Key of a column
# description: Its name, or a list of its position where it has none.
key(_, column) := column.name if is_named(column)

key(position, column) := [position] if not is_named(column)

# METADATA
# title: Is named
# description: Whether a column has a name by which callers can send it; pandas also has numbers.
is_named(column) if {
	is_string(column.name)
	column.name != ""
}

is_named(column) if is_number(column.name)

_name(column) := column.name if is_named(column)

_name(column) := "" if not is_named(column)

package lockstep.lib.signature_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.signature

_with(signature_) := example.put(example.cluster, "/locks/41/facts/signature", signature_)

test_types_that_fit if {
	every pair in [
		["double", "double"], ["integer", "long"], ["integer", "double"], ["float", "double"],
		["string", "string"], ["tensor of float32, shape [-1, 4]", "tensor of float32, shape [-1, 4]"],
		["tensor of float32, shape [-1, 4]", "tensor of float32, shape [-1, -1]"], ["long", "any"],
	] {
		signature.fits(pair[0], pair[1])
	}
}

test_types_that_do_not_fit if {
	every pair in [
		["double", "float"], ["long", "integer"], ["long", "double"], ["integer", "float"],
		["string", "double"], ["boolean", "integer"], ["datetime", "string"], ["any", "long"],
		["tensor of float32, shape [-1, -1]", "tensor of float32, shape [-1, 4]"],
		["tensor of float32, shape [-1]", "tensor of float64, shape [-1]"],
		["tensor of float32, shape [-1]", "tensor of float32, shape [-1, -1]"],
		["tensor of float32, shape [-1]", "float"], ["double", "tensor of float32, shape [-1]"],
	] {
		not signature.fits(pair[0], pair[1])
	}
}

test_only_required_inputs_must_be_given if {
	signed := _with({"inputs": [
		{"name": "a", "type": "long"},
		{"name": "b", "type": "long", "required": true},
		{"name": "c", "type": "long", "required": false},
	]})
	names := [column.name | some column in signature.required("41")] with input as signed
	names == ["a", "b"]
}

_object(properties) := json.marshal({"type": "object", "properties": properties})

_array(items) := json.marshal({"type": "array", "items": items})

test_nested_types_fit_by_their_parts if {
	every pair in [
		[_array({"type": "integer"}), _array({"type": "long"})],
		[_array({"type": "integer"}), _array({"type": "any"})],
		[json.marshal({"type": "map", "values": {"type": "float"}}), json.marshal({"type": "map", "values": {"type": "double"}})],
		[_object({"a": {"type": "long"}}), _object({"a": {"type": "long", "required": true}})],
		[_object({"a": {"type": "long"}}), _object({"a": {"type": "long", "required": false}})],
		[_object({"a": {"type": "long"}}), _object({"a": {"type": "long"}, "b": {"type": "long", "required": false}})],
		[
			_object({"a": {"type": "long"}}),
			_object({"a": {"type": "long"}, "b": {
				"type": "object", "required": false,
				"properties": {"c": {"type": "array", "items": {"type": "long"}}},
			}}),
		],
		[
			_object({"a": {"type": "object", "properties": {"b": {"type": "long"}}}}),
			_object({"a": {"type": "any"}}),
		],
		[_object({"type": {"type": "long"}}), _object({"type": {"type": "long"}})],
		[_object({"a": {"type": "new", "by": 2}}), _object({"a": {"type": "new", "by": 2, "required": false}})],
	] {
		signature.fits(pair[0], pair[1])
	}
}

test_nested_types_do_not_fit_where_a_part_does_not if {
	every pair in [
		[_array({"type": "long"}), _array({"type": "integer"})],
		[_array({"type": "any"}), _array({"type": "long"})],
		[_array({"type": "long"}), "long"], ["long", _array({"type": "long"})],
		[_array({"type": "long"}), _object({"a": {"type": "long"}})],
		[_object({"a": {"type": "long", "required": false}}), _object({"a": {"type": "long"}})],
		[_object({"a": {"type": "long"}}), _object({"a": {"type": "long"}, "b": {"type": "long"}})],
		[_object({"a": {"type": "long"}, "b": {"type": "long"}}), _object({"a": {"type": "long"}})],
		[_object({"a": {"type": "long"}}), _object({"b": {"type": "long"}})],
		[_object({"a": {"type": "new", "by": 2}}), _object({"a": {"type": "new", "by": 3}})],
		[
			_object({"a": {"type": "object", "properties": {"b": {"type": "long"}}}}),
			_object({"a": {"type": "object", "properties": {"c": {"type": "long"}}}}),
		],
	] {
		not signature.fits(pair[0], pair[1])
	}
}

_param(type, shape) := {"name": "p", "type": type, "shape": shape, "default": "1"}

test_parameters_are_converted_more_freely if {
	every pair in [["long", "double"], ["integer", "float"], ["float", "double"], ["string", "string"]] {
		signature.fits_param(_param(pair[0], null), _param(pair[1], null))
	}
	not signature.fits_param(_param("double", null), _param("long", null))
	not signature.fits_param(_param("long", null), _param("long", [-1]))
	not signature.fits_param(_param("long", [-1]), _param("double", null))
}

test_an_older_lock_is_partial if {
	signature.is_partial("41") with input as _with({"inputs": [], "outputs": []})
	not signature.is_partial("41") with input as _with({"inputs": [], "outputs": [], "params": []})
	not signature.is_partial("41") with input as _with(null)
}

_keys(inputs) := keys if {
	signed := _with({"inputs": inputs})
	keys := {key: column.type | some key, column in signature.inputs("41")} with input as signed
}

test_a_column_without_name_goes_by_its_place if {
	_keys([
		{"name": "", "type": "long"}, {"name": null, "type": "double"},
		{"name": "a", "type": "string"}, {"name": 0, "type": "boolean"},
	]) == {[0]: "long", [1]: "double", "a": "string", 0: "boolean"}
}

test_a_name_that_comes_twice_is_not_an_error if {
	_keys([{"name": "a", "type": "long"}, {"name": "a", "type": "double"}]) == {"a": "double"}
}

test_outputs_are_in_order if {
	signed := _with({"outputs": [{"name": "b", "type": "long"}, {"name": null, "type": "double"}]})
	signature.outputs("41") == [["b", "long"], ["", "double"]] with input as signed
}

test_without_a_signature_nothing_is_known if {
	every unsigned in [_with(null), _with("lost"), example.without(example.cluster, "/locks/41")] {
		not signature.outputs("41") with input as unsigned
		signature.required("41") == [] with input as unsigned
		signature.inputs("41") == {} with input as unsigned
		signature.params("41") == {} with input as unsigned
	}
}

package lockstep.lib.signature_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.signature

_with(signature_) := example.put(example.cluster, "/locks/41/facts/signature", signature_)

test_types_that_fit if {
	every pair in [
		["double", "double"], ["integer", "long"], ["integer", "double"], ["float", "double"],
		["string", "string"], ["tensor of float32, shape [-1, 4]", "tensor of float32, shape [-1, 4]"],
	] {
		signature.fits(pair[0], pair[1])
	}
}

test_types_that_do_not_fit if {
	every pair in [
		["double", "float"], ["long", "integer"], ["long", "double"], ["integer", "float"],
		["string", "double"], ["boolean", "integer"], ["datetime", "string"],
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

test_a_column_without_name_goes_by_its_place if {
	signed := _with({"inputs": [
		{"name": "", "type": "long"}, {"name": null, "type": "double"},
		{"name": "a", "type": "string"},
	]})
	signature.types("41") == {0: "long", 1: "double", "a": "string"} with input as signed
}

test_a_name_that_comes_twice_is_not_an_error if {
	signed := _with({"inputs": [{"name": "a", "type": "long"}, {"name": "a", "type": "double"}]})
	signature.types("41") == {"a": "double"} with input as signed
}

test_outputs_are_in_order if {
	signed := _with({"outputs": [{"name": "b", "type": "long"}, {"name": null, "type": "double"}]})
	signature.outputs("41") == [["b", "long"], ["", "double"]] with input as signed
}

test_without_a_signature_nothing_is_known if {
	every unsigned in [_with(null), _with("lost"), example.without(example.cluster, "/locks/41")] {
		not signature.outputs("41") with input as unsigned
		signature.required("41") == [] with input as unsigned
		signature.types("41") == {} with input as unsigned
	}
}

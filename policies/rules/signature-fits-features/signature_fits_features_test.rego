package lockstep.rules.signature_fits_features_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.signature_fits_features

_inputs(input_, version, inputs) := example.put(
	input_,
	sprintf("/locks/%s/facts/signature/inputs", [version]), inputs,
)

_column(name, type) := {"name": name, "type": type}

_found(changed) := {[finding.message, finding.pointer] |
	some finding in signature_fits_features.deny with input as changed
}

test_columns_that_are_there_fit if {
	_found(example.cluster) == set()
	signature_fits_features.checked with input as example.cluster
}

test_a_missing_column_is_denied if {
	_found(_inputs(example.cluster, "41", [_column("amount", "double"), _column("device", "string")])) == {[
		`version "41" requires inputs that spec.features.columns does not have: ["device"]`,
		"/spec/variants/0/version",
	]}
}

test_another_type_is_denied if {
	_found(_inputs(example.cluster, "41", [_column("amount", "long")])) == {[
		concat("", [
			`version "41" requires types that the columns in spec.features.columns do not have: `,
			`[{"column":"amount","has":"double","needs":"long"}]`,
		]),
		"/spec/variants/0/version",
	]}
}

test_a_type_that_loses_nothing_fits if {
	given := example.put(example.cluster, "/new/spec/features/columns/amount", "integer")
	_found(given) == set()
	count(_found(example.put(example.cluster, "/new/spec/features/columns/amount", "long"))) == 1
}

test_what_may_be_left_out_need_not_be_there if {
	optional := object.union(_column("device", "string"), {"required": false})
	_found(_inputs(example.cluster, "41", [optional])) == set()
}

test_inputs_without_a_name_are_left_out if {
	_found(_inputs(example.cluster, "41", [_column("", "tensor of float32, shape [-1]"), _column(null, "long")])) == set()
}

test_what_is_warm_or_next_to_serve_must_fit if {
	warm := [example.stable, {"name": "previous", "version": "42", "weight": 0, "warm": true}]
	wants := [_column("device", "string")]
	every variants in [warm, example.step(0), example.step(10)] {
		{pointer |
			some [_, pointer] in _found(_inputs(example.with_variants(variants), "42", wants))
		} == {"/spec/variants/1/version"}
	}
	cold := [example.stable, {"name": "previous", "version": "42", "weight": 0}]
	_found(_inputs(example.with_variants(cold), "42", wants)) == set()
}

test_without_columns_nothing_is_checked if {
	wants := [_column("device", "string")]
	every path in ["/new/spec/features", "/new/spec/features/columns"] {
		_found(_inputs(example.without(example.cluster, path), "41", wants)) == set()
	}
	_found(example.put(example.cluster, "/locks/41/facts/signature", null)) == set()
	_found(example.without(example.cluster, "/locks/41")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec/variants", "/new/spec", "/locks"] {
		not signature_fits_features.checked with input as example.without(example.cluster, path)
	}
}

package lockstep.rules.signature_compatible_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.signature_compatible

# A fleet without spec.features.columns.
_bare(input_) := example.without(input_, "/new/spec/features/columns")

_proposed := _bare(example.change([example.stable], example.step(0)))

_inputs(input_, inputs) := example.put(input_, "/locks/42/facts/signature/inputs", inputs)

_column(name, type) := {"name": name, "type": type, "required": true}

_optional(name, type) := {"name": name, "type": type, "required": false}

_found(changed) := {[finding.message, finding.pointer] |
	some finding in signature_compatible.deny with input as changed
}

test_the_same_signature_is_compatible if {
	_found(_proposed) == set()
	signature_compatible.checked with input as _proposed
}

test_a_new_input_is_denied if {
	_found(_inputs(_proposed, [_column("amount", "double"), _column("device", "string")])) == {[
		concat("", [
			`version "42" requires inputs that version "41", which callers know, does not have: `,
			`[{"name":"device","type":"string"}]`,
		]),
		"/spec/variants/1/version",
	]}
}

test_an_input_that_may_be_left_out_is_compatible if {
	_found(_inputs(_proposed, [_column("amount", "double"), _optional("device", "string")])) == set()
	count(_found(_inputs(_proposed, [_column("amount", "double"), _column("device", "string")]))) == 1
}

test_an_input_that_becomes_required_is_denied if {
	known := example.put(_proposed, "/locks/41/facts/signature/inputs", [_optional("amount", "double")])
	_found(_inputs(known, [_column("amount", "double")])) == {[
		`version "42" requires inputs that are optional in version "41", which callers know: ["amount"]`,
		"/spec/variants/1/version",
	]}
	_found(_inputs(known, [_optional("amount", "double")])) == set()
	_found(_inputs(_proposed, [_optional("amount", "double")])) == set()
}

test_a_name_is_exact if {
	every name in ["Amount", " amount", "amount ", "ámount"] {
		count(_found(_inputs(_proposed, [_column(name, "double")]))) == 1
	}
}

test_a_renamed_optional_input_is_denied if {
	known := example.put(
		_proposed, "/locks/41/facts/signature/inputs",
		[_column("amount", "double"), _optional("device", "string")],
	)
	_found(_inputs(known, [_column("amount", "double"), _optional("gadget", "string")])) == {[
		concat("", [
			`version "42" drops the inputs ["device"] of version "41", which callers know, and has the new `,
			`optional inputs ["gadget"]: what callers send under the old names would be ignored`,
		]),
		"/spec/variants/1/version",
	]}
	_found(_inputs(known, [_column("amount", "double")])) == set()
}

test_an_input_less_is_compatible if _found(_inputs(_proposed, [])) == set()

test_another_type_is_denied_unless_it_fits if {
	_found(_inputs(_proposed, [_column("amount", "float")])) == {[
		concat("", [
			`version "42" does not accept the types that callers of version "41" send: `,
			`[{"callersSend":"double","name":"amount","needs":"float"}]`,
		]),
		"/spec/variants/1/version",
	]}
	count(_found(_inputs(_proposed, [_optional("amount", "float")]))) == 1
	integer := example.put(_proposed, "/locks/41/facts/signature/inputs/0/type", "integer")
	_found(_inputs(integer, [_column("amount", "long")])) == set()
}

test_tensors_are_compared_by_place if {
	tensor := "tensor of float32, shape [-1, 4]"
	known := example.put(_proposed, "/locks/41/facts/signature/inputs", [_column("", tensor)])
	_found(_inputs(known, [_column(null, tensor)])) == set()
	count(_found(_inputs(known, [_column("", "tensor of float32, shape [-1, 5]")]))) == 1
	count(_found(_inputs(known, [_column("", tensor), _column("", tensor)]))) == 1
}

test_fewer_inputs_by_position_are_denied if {
	three := [_column(null, "long"), _column(null, "long"), _column(null, "long")]
	known := example.put(_proposed, "/locks/41/facts/signature/inputs", three)
	_found(_inputs(known, three)) == set()
	_found(_inputs(known, array.slice(three, 0, 1))) == {[
		concat("", [
			`version "42" has no input at the positions [1,2], where version "41", which callers know, has `,
			`one: the meaning of the others may have changed`,
		]),
		"/spec/variants/1/version",
	]}
}

test_what_the_feature_store_gives_is_left_to_another_rule if {
	offered := example.put(_proposed, "/new/spec/features/columns", {"amount": "double"})
	_found(_inputs(offered, [_column("device", "string")])) == set()
}

test_other_outputs_are_denied if {
	every outputs in [
		[_column("", "long")], [_column("score", "double")], [],
		[_column("", "double"), _column("why", "string")],
	] {
		changed := example.put(_proposed, "/locks/42/facts/signature/outputs", outputs)
		{pointer | some [_, pointer] in _found(changed)} == {"/spec/variants/1/version"}
	}
	_found(example.put(_proposed, "/locks/42/facts/signature/outputs/0/type", "long")) == {[
		concat("", [
			`version "42" has the outputs [["","long"]], but version "41", which callers know, `,
			`has [["","double"]]`,
		]),
		"/spec/variants/1/version",
	]}
}

_params(version, params) := sprintf("/locks/%s/facts/signature/%s", [version, params])

test_outputs_that_may_be_left_out_are_denied if {
	named := [_column("score", "double")]
	known := example.put(_proposed, _params("41", "outputs"), named)
	_found(example.put(known, _params("42", "outputs"), [_optional("score", "double")])) == {[
		`version "42" may leave out outputs that version "41", which callers know, always has: ["score"]`,
		"/spec/variants/1/version",
	]}
	optional := example.put(_proposed, _params("41", "outputs"), [_optional("score", "double")])
	_found(example.put(optional, _params("42", "outputs"), named)) == set()
}

_param(type, shape) := {"name": "threshold", "type": type, "shape": shape, "default": "0.5"}

test_a_new_parameter_is_compatible if {
	_found(example.put(_proposed, _params("42", "params"), [_param("double", null)])) == set()
}

test_a_parameter_that_is_ignored_is_denied if {
	known := example.put(_proposed, _params("41", "params"), [_param("double", null)])
	_found(known) == {[
		`version "42" ignores parameters that version "41", which callers know, accepts: ["threshold"]`,
		"/spec/variants/1/version",
	]}
}

test_a_parameter_of_another_type_is_denied if {
	known := example.put(_proposed, _params("41", "params"), [_param("float", null)])
	_found(example.put(known, _params("42", "params"), [_param("double", null)])) == set()
	_found(example.put(known, _params("42", "params"), [_param("float", [-1])])) == {[
		concat("", [
			`version "42" does not accept the parameters that callers of version "41" send: `,
			`[{"callersSend":"float","name":"threshold","needs":"float[]"}]`,
		]),
		"/spec/variants/1/version",
	]}
}

test_a_lock_of_an_earlier_version_cannot_be_compared if {
	old := example.without(_proposed, _params("41", "params"))
	_found(old) == {[
		concat("", [
			`an earlier version of Lockstep wrote the lock of version "41", which callers know: it does not `,
			`say which inputs are required, so version "42" cannot be compared with it`,
		]),
		"/spec/facts/signature",
	]}
	_found(example.without(old, _params("42", "params"))) == set()
	more := [_column("amount", "double"), _column("device", "string")]
	count(_found(_inputs(example.without(old, _params("42", "params")), more))) == 1
}

test_no_name_and_an_empty_name_are_the_same if {
	_found(example.put(_proposed, "/locks/42/facts/signature/outputs/0/name", null)) == set()
}

_new := [{"name": "stable", "version": "42", "weight": 100}]

test_a_new_stable_version_is_compared_with_the_one_before if {
	swapped := _bare(example.change([example.stable], _new))
	count(_found(_inputs(swapped, [_column("device", "string")]))) == 1
	settled := _bare(example.change(_new, _new))
	_found(_inputs(settled, [_column("device", "string")])) == set()
}

test_in_a_new_cluster_the_stable_version_is_known if {
	newcomer := _bare(example.with_variants(example.step(10)))
	count(_found(_inputs(newcomer, [_column("device", "string")]))) == 1
}

test_an_arm_gets_the_same_requests if {
	arm := {"name": "arm", "version": "42", "weight": 10, "experiment": true}
	rest := object.union(example.stable, {"weight": 90})
	with_arm := _bare(example.change([example.stable], [rest, arm]))
	{pointer | some [_, pointer] in _found(_inputs(with_arm, [_column("device", "string")]))} == {"/spec/variants/1/version"}
}

test_a_version_that_is_rolled_back_to_is_exempt if {
	back := _bare(example.change(_new, [example.stable]))
	_found(example.put(back, "/locks/41/facts/signature/inputs", [_column("device", "string")])) == set()
}

test_without_a_signature_nothing_is_checked if {
	every version in ["41", "42"] {
		path := sprintf("/locks/%s/facts/signature", [version])
		_found(example.put(_proposed, path, null)) == set()
		_found(example.without(_proposed, sprintf("/locks/%s", [version]))) == set()
	}
}

test_what_is_missing_is_not_checked if {
	every path in ["/old", "/new/spec/variants", "/locks", "/rollout/verified"] {
		not signature_compatible.checked with input as example.without(example.cluster, path)
	}
}

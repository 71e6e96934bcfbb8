package lockstep.rules.signature_compatible_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.signature_compatible

# A fleet without spec.features.columns.
_bare(input_) := example.without(input_, "/new/spec/features/columns")

_proposed := _bare(example.change([example.stable], example.step(0)))

_inputs(input_, inputs) := example.put(input_, "/locks/42/facts/signature/inputs", inputs)

_column(name, type) := {"name": name, "type": type}

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
	optional := object.union(_column("device", "string"), {"required": false})
	_found(_inputs(_proposed, [_column("amount", "double"), optional])) == set()
	needed := object.union(optional, {"required": true})
	count(_found(_inputs(_proposed, [_column("amount", "double"), needed]))) == 1
}

test_an_input_less_is_compatible if _found(_inputs(_proposed, [])) == set()

test_another_type_is_denied_unless_it_fits if {
	count(_found(_inputs(_proposed, [_column("amount", "float")]))) == 1
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

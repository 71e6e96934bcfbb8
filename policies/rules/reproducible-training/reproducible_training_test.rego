package lockstep.rules.reproducible_training_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.reproducible_training

_whole := {
	"train.engine": "ray", "train.version": "2.40.0", "train.workers": "4",
	"train.seed": "7",
}

_tagged(tags) := example.put(example.cluster, "/locks/41/facts/tags", tags)

_found(changed) := {[finding.message, finding.pointer] |
	some finding in reproducible_training.deny with input as changed
}

test_a_training_with_all_tags_is_allowed if {
	every workers in ["1", "4", "128"] {
		_found(_tagged(object.union(_whole, {"train.workers": workers}))) == set()
	}
	reproducible_training.checked with input as _tagged(_whole)
}

test_missing_tags_are_denied if {
	_found(_tagged({"train.engine": "Ray", "train.workers": "4", "train.seed": " "})) == {[
		`version "41" was trained with "Ray", but its lock does not have the tags ["train.version","train.seed"]`,
		"/spec/variants/0/version",
	]}
	_found(_tagged({"train.engine": "spark"})) == {[
		concat("", [
			`version "41" was trained with "spark", but its lock does not have the tags `,
			`["train.version","train.workers","train.seed"]`,
		]),
		"/spec/variants/0/version",
	]}
}

test_an_engine_on_one_machine_needs_none if {
	_found(_tagged({"train.engine": "sklearn"})) == set()
	_found(_tagged({})) == set()
}

test_many_workers_without_an_engine_are_denied if {
	_found(_tagged(object.remove(_whole, ["train.engine"]))) == {[
		`version "41" was trained with "4 workers", but its lock does not have the tags ["train.engine"]`,
		"/spec/variants/0/version",
	]}
	count(_found(_tagged({"train.engine": "torch", "train.workers": "2"}))) == 1
	_found(_tagged({"train.engine": "torch", "train.workers": "1"})) == set()
	_found(_tagged({"train.workers": "1"})) == set()
}

test_an_engine_is_known_among_other_words if {
	every engine in ["Ray ", "ray-train", "Ray 2.40", "lightgbm.dask"] {
		count(_found(_tagged({"train.engine": engine}))) == 1
	}
	_found(_tagged({"train.engine": "stingray"})) == set()
}

test_which_engines_are_distributed_can_be_set if {
	tags := _tagged({"train.engine": "ray"})
	none := {"distributed": []}
	reproducible_training.deny == set() with input as tags with data.thresholds.reproducible_training as none
}

test_workers_are_counted if {
	every workers in ["0", "-1", "four", "1.5", "04", "4 "] {
		_found(_tagged(object.union(_whole, {"train.workers": workers}))) == {[
			sprintf(
				`the tag train.workers of version "41" is %q, which is not a whole number of at least 1`,
				[workers],
			),
			"/spec/variants/0/version",
		]}
	}
}

test_workers_that_are_blank_are_missing if {
	_found(_tagged(object.union(_whole, {"train.workers": " "}))) == {[
		`version "41" was trained with "ray", but its lock does not have the tags ["train.workers"]`,
		"/spec/variants/0/version",
	]}
}

test_the_tags_are_required_only_in_production if {
	staging := example.put(_tagged({"train.engine": "ray"}), "/environment/spec/tier", "staging")
	_found(staging) == set()
	wrong := example.put(staging, "/locks/41/facts/tags/train.workers", "many")
	count(_found(wrong)) == 1
}

test_what_does_not_serve_needs_no_tags if {
	warm := [example.stable, {"name": "previous", "version": "42", "weight": 0, "warm": true}]
	idle := example.put(example.with_variants(warm), "/locks/42/facts/tags", {"train.engine": "ray"})
	_found(idle) == set()
	candidate := example.put(
		example.with_variants(example.step(0)),
		"/locks/42/facts/tags", {"train.engine": "ray"},
	)
	count(_found(candidate)) == 1
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec/variants", "/locks", "/environment/spec", "/locks/41/facts/tags"] {
		not reproducible_training.checked with input as example.without(example.cluster, path)
	}
	unset := example.cluster
	not reproducible_training.checked with input as unset with data.thresholds.reproducible_training as {}
}

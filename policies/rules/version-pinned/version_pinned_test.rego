package lockstep.rules.version_pinned_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.version_pinned

_variant(version) := [object.union(example.stable, {"version": version})]

test_a_number_is_allowed if {
	version_pinned.deny == set() with input as example.cluster
	version_pinned.checked with input as example.cluster
}

test_an_alias_is_denied if {
	found := version_pinned.deny with input as example.with_variants(_variant("@champion"))
	found == {{
		"message": `version "@champion" of variant "stable" is not a version number`,
		"fix": `write the number of the registered version, in quotes, such as "42"`,
		"pointer": "/spec/variants/0/version",
	}}
}

test_names_are_denied if {
	every version in ["latest", "champion", "v41", ""] {
		count(version_pinned.deny) == 1 with input as example.with_variants(_variant(version))
	}
}

test_a_missing_version_is_not_checked if {
	not version_pinned.checked with input as example.with_variants([{"weight": 100}])
}

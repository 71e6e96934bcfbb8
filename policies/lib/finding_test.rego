package lockstep.lib.finding_test

import data.lockstep.lib.finding

_rule := {"custom": {"message": "%s is not %s", "solution": "fix it"}}

test_finding_has_its_place_and_values if {
	finding.at(_rule, ["spec", "variants", 0], ["a", 1]) == {
		"message": `"a" is not 1`,
		"fix": "fix it",
		"pointer": "/spec/variants/0",
	}
}

test_finding_names_the_thresholds_that_decided if {
	decided := object.union(_rule, {"custom": {"thresholds": ["most"]}})
	finding.of_cluster(decided, "fraud-eu", ["spec"], ["a", 1]).thresholds == ["most"]
}

test_finding_of_a_cluster_names_it if {
	finding.of_cluster(_rule, "fraud-eu", ["spec"], [[], null]) == {
		"message": "[] is not null",
		"fix": "fix it",
		"pointer": "/spec",
		"cluster": "fraud-eu",
	}
}

test_control_characters_are_escaped if finding.shown("a\n\u001b[2J") == `"a\n\u001b[2J"`

test_long_values_are_cut if {
	long := concat("", ["x" | some _ in numbers.range(1, 1000)])
	shown := finding.shown(long)
	count(shown) == 161
	endswith(shown, "x…")
}

test_a_value_of_just_the_longest_length_is_whole if {
	just := concat("", ["x" | some _ in numbers.range(1, 158)])
	finding.shown(just) == sprintf(`"%s"`, [just])
}

test_several_clusters_have_a_first_and_others if {
	finding.of_clusters(_rule, ["fraud-eu", "fraud-us"], ["spec", "host"], [1, 2]) == {
		"message": "1 is not 2",
		"fix": "fix it",
		"pointer": "/spec/host",
		"cluster": "fraud-eu",
		"also": [{"cluster": "fraud-us", "pointer": "/spec/host", "note": "involved"}],
	}
}

test_other_documents_are_named if {
	finding.in_family(_rule, ["spec"], [1, 2]).document == "family"
	finding.at_lock(_rule, "41", ["spec"], [1, 2]).lock == "41"
	finding.of_object(_rule, "Service", "fraud", ["spec"], [1, 2]).object == {
		"kind": "Service",
		"name": "fraud",
	}
}

test_a_key_with_a_slash_is_escaped if {
	finding.at(_rule, ["a/b~c", 0], [1, 2]).pointer == "/a~1b~0c/0"
}

test_of_many_the_first_are_named if {
	finding.first({3, 1, 2}) == [1, 2, 3]
	count(finding.first(numbers.range(1, 1000))) == finding.most
	count(finding.shown(["a" | some _ in numbers.range(1, finding.most)])) == 161
}

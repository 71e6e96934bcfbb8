package lockstep.lib.variants_test

import data.lockstep.lib.variants

_roles := [
	{"name": "stable", "version": "41", "weight": 45},
	{"name": "arm", "version": "7", "weight": 50, "experiment": true},
	{"name": "candidate", "version": "42", "weight": 5},
]

test_an_arm_is_not_a_role if {
	variants.is_arm(_roles[1])
	not variants.is_arm(_roles[0])
	not variants.is_arm({"name": "arm"})
}

test_a_role_cannot_hide_as_an_arm if {
	not variants.is_arm({"name": "candidate", "experiment": true})
}

test_readable_needs_version_and_weight if {
	variants.are_readable(_roles)
	variants.are_readable([])
	not variants.are_readable("stable")
	not variants.are_readable({"stable": _roles[0]})
	not variants.are_readable([{"version": "41"}])
	not variants.are_readable([{"version": 41, "weight": 1}])
	not variants.are_readable([{"version": "41", "weight": "1"}])
}

test_only_numbers_are_plain if {
	variants.is_plain("41")
	every version in ["latest", "@champion", "champion", "", "041", "0", "4.1", "41\n", 41] {
		not variants.is_plain(version)
	}
}

test_all_versions_are_plain_or_the_list_is_not if {
	variants.are_plain(_roles)
	variants.are_plain([])
	not variants.are_plain([_roles[0], {"name": "candidate", "version": "v42", "weight": 5}])
}

test_arms_do_not_count if {
	variants.roles_total(_roles) == 50
	variants.weight(_roles, "7") == 0
	variants.weight(_roles, "42") == 5
	variants.serving(_roles) == {"41", "42"}
}

test_weight_before_is_on_the_scale_of_now if {
	variants.weight_before(_roles, [{"name": "stable", "version": "41", "weight": 100}], "42") == 10
}

test_weight_before_where_arms_took_all if {
	arm := {"name": "arm", "version": "7", "weight": 100, "experiment": true}
	variants.weight_before([arm], _roles, "41") == 0
}

test_a_malformed_past_counts_as_nothing if {
	variants.weight([{"version": "41", "weight": "90"}], "41") == 0
	variants.weight("stable", "41") == 0
	variants.roles_total([{"name": "arm", "weight": "50", "experiment": true}]) == 100
	variants.weight_before(null, _roles, "41") == 0
}

test_a_step_is_an_integer_and_never_nothing if {
	variants.step_weight(100, 10) == 10
	variants.step_weight(50, 1) == 1
	variants.step_weight(33, 50) == 16
	variants.step_weight(50, 100) == 50
}

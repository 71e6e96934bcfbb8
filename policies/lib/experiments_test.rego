package lockstep.lib.experiments_test

import data.lockstep.lib.experiments

_arm := {"name": "bandit", "version": "7", "weight": 5, "experiment": true}

test_an_arm_learns_live_where_its_terms_say_so if {
	experiments.learns_live({"experiments": {"bandit": {"learnsFrom": "live"}}}, _arm)
	not experiments.learns_live({"experiments": {"bandit": {"learnsFrom": "offline"}}}, _arm)
	not experiments.learns_live({"experiments": {"other": {"learnsFrom": "live"}}}, _arm)
	not experiments.learns_live({}, _arm)
}

test_a_role_never_does if {
	not experiments.learns_live(
		{"experiments": {"stable": {"learnsFrom": "live"}}},
		{"name": "stable", "version": "7", "weight": 5, "experiment": true},
	)
}

test_arms_are_named if {
	stable := {"name": "stable", "version": "6", "weight": 95}
	experiments.arms([stable, _arm]) == {"bandit"}
	experiments.arms([]) == set()
}

package lockstep.rules.lawful_basis_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.lawful_basis

_special := {"lawful_basis": {"special": ["consent", "vital-interests"]}}

_of(privacy) := example.put(example.cluster, "/new/spec/privacy", privacy)

_found(input_) := {[finding.message, finding.pointer] |
	some finding in lawful_basis.deny with input as input_ with data.thresholds as _special
}

test_a_basis_is_allowed if {
	_found(example.cluster) == set()
	_found(_of({"data": "pseudonymous", "lawfulBasis": "contract"})) == set()
	_found(_of({"data": "special", "lawfulBasis": "vital-interests"})) == set()
	lawful_basis.checked with input as example.cluster
}

test_data_without_people_need_none if {
	_found(_of({"data": "none"})) == set()
	_found(_of({"data": "none", "lawfulBasis": "consent"})) == set()
}

test_data_about_people_need_one_everywhere if {
	every data_ in ["pseudonymous", "personal", "special"] {
		bare := _of({"data": data_})
		denial := [
			sprintf(
				`the requests contain "%s" data, but spec.privacy.lawfulBasis is missing`,
				[data_],
			),
			"/spec/privacy/data",
		]
		_found(bare) == {denial}
		_found(example.put(bare, "/environment/spec/tier", "development")) == {denial}
	}
}

test_not_every_basis_allows_special_categories if {
	_found(_of({"data": "special", "lawfulBasis": "contract"})) == {[
		concat("", [
			`spec.privacy.lawfulBasis is "contract"; special categories of data need one of `,
			`["consent","vital-interests"]`,
		]),
		"/spec/privacy/lawfulBasis",
	]}
}

test_production_says_what_it_holds if {
	silent := example.without(example.cluster, "/new/spec/privacy")
	_found(silent) == {[
		`cluster "fraud-eu-west-1" is in production and has no spec.privacy.data`,
		"/spec/privacy/data",
	]}
	_found(example.put(silent, "/environment/spec/tier", "staging")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in ["/name", "/new/spec", "/environment/spec"] {
		not lawful_basis.checked with input as example.without(example.cluster, path)
	}
	not lawful_basis.checked with input as example.cluster with data.thresholds as {}
}

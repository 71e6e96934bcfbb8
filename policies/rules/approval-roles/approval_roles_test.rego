package lockstep.rules.approval_roles_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.approval_roles

_key := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

_thresholds := {"roles": {"release-managers": [
	{"name": "release-lead@example.com", "key": _key},
	{"name": "release-lead@example.com", "key": "ssh-ed25519 another"},
	{"name": "risk-lead@example.com", "key": "ssh-ed25519 third"},
]}}

_family := example.family({region: [null, [example.stable]] |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
})

_gated(gate) := example.put(_family, "/family/spec/gates/1", object.union(
	{"name": "go", "source": "approval"},
	gate,
))

_found(gate) := {[finding.message, finding.pointer] |
	some finding in approval_roles.deny with input as _gated(gate)
		with data.thresholds.approvers as _thresholds
}

test_a_role_that_enough_people_hold_is_allowed if {
	every gate in [
		{"role": "release-managers"}, {"role": "release-managers", "count": 2},
		{"source": "mlflow"}, {"source": "other", "role": "nobody", "count": 9},
	] {
		_found(gate) == set()
	}
	approval_roles.checked with input as _family
		with data.thresholds.approvers as _thresholds
}

test_a_role_that_nobody_holds_is_denied if {
	_found({"role": "managers", "count": 9}) == {[
		concat("", [
			`gate "go" waits for the role "managers", which nobody holds; the roles are `,
			`["release-managers"]`,
		]),
		"/spec/gates/1/role",
	]}
}

test_more_approvals_than_people_are_denied if {
	_found({"role": "release-managers", "count": 3}) == {[
		concat("", [
			`gate "go" needs 3 approvals for the role "release-managers"; the people who hold `,
			`it: ["release-lead@example.com","risk-lead@example.com"]`,
		]),
		"/spec/gates/1/count",
	]}
}

test_what_is_missing_is_not_checked if {
	not approval_roles.checked with input as example.without(_family, "/family/spec/gates")
		with data.thresholds.approvers as _thresholds
	every approvers in [{}, {"roles": 1}] {
		not approval_roles.checked with input as _family with data.thresholds.approvers as approvers
	}
}

package lockstep.rules.argocd_source_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.argocd_source

_argocd := {
	"namespace": "argocd",
	"project": "ml",
	"repoURL": "https://git.example.com/ml/fleet.git",
	"revision": "main",
}

_regions := [{"name": "eu-west-1", "destination": "prod-eu"}]

_environment(argocd, regions) := object.union(
	example.shared.environment,
	{"spec": {"argocd": argocd, "regions": regions}},
)

_before := _environment(_argocd, _regions)

_change(environment, before) := object.union(
	example.environment,
	{"environment": environment, "environment_before": before},
)

_found(view) := {[finding.message, finding.pointer] |
	some finding in argocd_source.deny with input as view
}

test_without_a_change_nothing_needs_approval if {
	_found(_change(_before, _before)) == set()
	argocd_source.checked with input as _change(_before, _before)
}

test_a_new_environment_changes_nothing if {
	_found(_change(_before, null)) == set()
}

test_each_change_of_the_source_needs_approval if {
	every field in ["namespace", "project", "repoURL", "revision"] {
		changed := object.union(_argocd, {field: "other"})
		_found(_change(_environment(changed, _regions), _before)) == {[
			sprintf(
				`%q of spec.argocd changes from %q to "other", for all clusters of the environment`,
				[field, _argocd[field]],
			),
			concat("/", ["/spec/argocd", field]),
		]}
	}
}

test_what_was_not_there_before_is_a_change if {
	bare := object.union(example.shared.environment, {"spec": {"regions": _regions}})
	count(_found(_change(_before, bare))) == 4
}

test_another_destination_needs_approval if {
	moved := [
		{"name": "us-east-1", "destination": "prod-us"},
		{"name": "eu-west-1", "destination": "dev"},
	]
	_found(_change(_environment(_argocd, moved), _before)) == {[
		`region "eu-west-1" is deployed to "dev" in place of "prod-eu"`,
		"/spec/regions/1/destination",
	]}
}

test_what_is_missing_is_not_checked if {
	every path in ["/environment/spec/argocd", "/environment/spec/regions"] {
		not argocd_source.checked with input as example.without(_change(_before, _before), path)
	}
}

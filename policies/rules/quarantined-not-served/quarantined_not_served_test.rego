package lockstep.rules.quarantined_not_served_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.quarantined_not_served

_entry := {
	"registry": "mlflow",
	"model": "fraud",
	"version": "41",
	"digest": "sha256:other",
	"since": "2026-01-31T08:00:00Z",
	"reason": "false positives",
}

_found(entry) := found if {
	quarantined := example.put(example.cluster, "/quarantine", [entry])
	found := quarantined_not_served.deny with input as quarantined
}

test_an_empty_quarantine_is_allowed if {
	quarantined_not_served.deny == set() with input as example.cluster
	quarantined_not_served.checked with input as example.cluster
}

test_a_version_is_known_by_its_name if {
	_found(_entry) == {{
		"message": concat("", [
			`version "41" of variant "stable" has weight 100, but it is in quarantine since `,
			`"2026-01-31T08:00:00Z" ("false positives")`,
		]),
		"fix": "serve another version, or release this one from quarantine with lockstep release --reason",
		"pointer": "/spec/variants/0/weight",
	}}
}

test_a_version_is_known_by_its_content if {
	count(_found({"version": "9", "model": "copy", "digest": example.digest})) == 1
}

test_others_are_exempt if {
	_found(object.union(_entry, {"version": "40"})) == set()
	_found(object.union(_entry, {"model": "other"})) == set()
	_found(object.union(_entry, {"registry": "other"})) == set()
}

test_a_version_without_traffic_is_allowed if {
	idle := example.put(example.cluster, "/new/spec/variants/0/weight", 0)
	quarantined_not_served.deny == set() with input as example.put(idle, "/quarantine", [_entry])
}

test_what_is_missing_is_not_checked if {
	every path in ["/quarantine", "/locks", "/new/spec/variants", "/family/spec/model/name", "/family/spec/model/registry"] {
		not quarantined_not_served.checked with input as example.without(example.cluster, path)
	}
}

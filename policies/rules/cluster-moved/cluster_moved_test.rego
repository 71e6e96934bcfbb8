package lockstep.rules.cluster_moved_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.cluster_moved

_valid := object.union(example.cluster, {"old": example.cluster.new})

_found(view) := {[finding.message, finding.pointer] |
	some finding in cluster_moved.deny with input as view
}

test_one_that_stays_and_a_new_one_need_no_approval if {
	_found(_valid) == set()
	_found(example.cluster) == set()
	cluster_moved.checked with input as _valid
	cluster_moved.checked with input as example.cluster
}

test_another_name if {
	_found(example.put(_valid, "/old/metadata/name", "cards-eu-west-1")) == {[
		concat("", [
			`cluster "cards-eu-west-1" becomes "fraud-eu-west-1"; Argo CD makes all of its objects `,
			"anew and deletes the old Application with its pods",
		]),
		"/metadata/name",
	]}
}

test_another_namespace if {
	_found(example.put(_valid, "/old/spec/namespace", "cards")) == {[
		concat("", [
			`namespace "cards" becomes "fraud"; all objects are made anew there, `,
			"and the Service and the ServiceAccount get other names",
		]),
		"/spec/namespace",
	]}
}

test_another_region if {
	_found(example.put(_valid, "/old/spec/region", "us-east-1")) == {[
		concat("", [
			`region "us-east-1" becomes "eu-west-1"; Argo CD deploys there, `,
			"and leaves the old objects where they serve now",
		]),
		"/spec/region",
	]}
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/metadata/name", "/new/spec/namespace", "/new/spec/region"] {
		not cluster_moved.checked with input as example.without(_valid, path)
	}
}

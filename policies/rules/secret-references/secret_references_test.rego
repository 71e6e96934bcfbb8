package lockstep.rules.secret_references_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.secret_references

_thresholds := {"secret_references": {
	"stores": ["vault", "aws"],
	"paths": ["ml/{family}", "tenants/{tenant}/ml"],
}}

_found(secret) := {[finding.message, finding.pointer] |
	some finding in secret_references.deny with input as example.put(
		example.cluster, "/new/spec/access/secrets/TOKEN",
		object.union({"store": "vault", "path": "ml/fraud/store", "key": "token"}, secret),
	)
		with data.thresholds as _thresholds
}

test_own_secrets_are_allowed if {
	_found({}) == set()
	_found({"store": "aws", "path": "ml/fraud/a/b"}) == set()
	_found({"path": "tenants/risk/ml/store"}) == set()
	_found({"path": "ml/fraud/..store"}) == set()
	_found({"path": "ml/fraud"}) == set()
	secret_references.checked with input as example.cluster with data.thresholds as _thresholds
}

test_an_unknown_store_is_denied if {
	_found({"store": "drawer"}) == {[
		`secret "TOKEN" is in store "drawer"; allowed stores are ["vault","aws"]`,
		"/spec/access/secrets/TOKEN/store",
	]}
}

test_a_path_of_others_is_denied if {
	_found({"path": "ml/ranking/store"}) == {[
		concat("", [
			`secret "TOKEN" is read from "ml/ranking/store"; the secrets of this family are below `,
			`["ml/fraud","tenants/risk/ml"]`,
		]),
		"/spec/access/secrets/TOKEN/path",
	]}
}

test_what_only_begins_alike_is_denied if {
	every path in [
		"ml/fraud-eu/store", "ml", "ml/fraud2/x", "tenants/risk/store", "fraud/store",
		"ml/{family}/store", "ml/fraud/../ranking/store", "ml/fraud/./store", "ml/fraud/..",
	] {
		count(_found({"path": path})) == 1
	}
}

test_a_cluster_without_secrets_is_allowed if {
	every path in ["/new/spec/access/secrets", "/new/spec/access"] {
		bare := example.without(example.cluster, path)
		secret_references.deny == set() with input as bare with data.thresholds as _thresholds
		secret_references.checked with input as bare with data.thresholds as _thresholds
	}
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec", "/family/metadata/name", "/family/metadata/tenant"] {
		not secret_references.checked with input as example.without(example.cluster, path)
			with data.thresholds as _thresholds
	}
	every path in ["/secret_references/stores", "/secret_references/paths"] {
		few := example.without(_thresholds, path)
		not secret_references.checked with input as example.cluster with data.thresholds as few
	}
}

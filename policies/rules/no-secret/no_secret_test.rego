package lockstep.rules.no_secret_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.no_secret

_at(text) := example.put(example.cluster, "/new/spec/access/secrets/STORE_TOKEN/key", text)

_kinds(text) := {finding.message | some finding in no_secret.deny with input as _at(text)}

_looks_like(kind) := {sprintf(
	`the text at "spec.access.secrets.STORE_TOKEN.key" looks like "%s"`,
	[kind],
)}

# Written in parts, so that no scanner takes the tests for a leak.
_with(prefix, rest) := concat("", [prefix, rest])

_mixed := "aZ3dF6hK9mN2pQ5sT8vX1yB4cE7gJ0lR6uW9zA2f"

_hex := "0a1b2c3d4e5f60718293a4b5c6d7e8f9"

test_a_cluster_without_secrets_is_allowed if {
	no_secret.deny == set() with input as example.cluster
	no_secret.checked with input as example.cluster
}

test_each_kind_is_known if {
	every kind, text in {
		"an AWS access key": _with("AKIA", "IOSFODNN7EXAMPLE"),
		"a GitHub token": _with("ghp_", substring(_mixed, 0, 36)),
		"a GitLab token": _with("glpat-", substring(_mixed, 0, 20)),
		"a Slack token": _with("xoxb-", "123456789012"),
		"a Google API key": _with("AIza", substring(_mixed, 0, 35)),
		"a Hugging Face token": _with("hf_", substring(_mixed, 0, 34)),
		"a Databricks token": _with("dapi", _hex),
		"a Vault token": _with("hvs.", substring(_mixed, 0, 30)),
		"a private key": _with("-----BEGIN RSA ", "PRIVATE KEY-----"),
		"a JSON web token": concat("", ["eyJ", _mixed, ".", "eyJ", _mixed, ".", _mixed]),
		"a URL with a password": _with("https://reader:hunter2", "@store.example.com/x"),
		"a hexadecimal key": _hex,
		"a random token": _mixed,
	} {
		_kinds(text) == _looks_like(kind)
	}
	_kinds(_with("github_pat_", substring(_mixed, 0, 24))) == _looks_like("a GitHub token")
	_kinds(upper(_hex)) == _looks_like("a hexadecimal key")
}

test_the_finding_says_where_and_never_what if {
	found := no_secret.deny with input as _at(_hex)
	{finding.pointer | some finding in found} == {"/spec/access/secrets/STORE_TOKEN/key"}
	not contains(json.marshal(found), _hex)
}

test_ordinary_text_is_not_a_secret if {
	every text in [
		"arn:aws:iam::123456789012:role/FraudDetectionProductionEuWest1ServingRole",
		"fraud-detection-serving@ml-prod-1.iam.gserviceaccount.com",
		"0b2f1c1e-9d3f-4a44-8a0e-3d1f6c2b7a90",
		"Feedback-2026-01-EuWest1-CardTransactions-v3",
		"customerTransactionFeaturesDaily2026",
		"https://store.example.com:8200/ml/fraud",
		"ssh://git@git.example.com/ml/fleet.git",
		"registry.example.com/ml/server@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"AKIA", "xoxo-gossip", "eyJotting", "00000000000000000000000000000000",
	] {
		_kinds(text) == set()
	}
}

test_what_is_missing_is_not_checked if {
	not no_secret.checked with input as example.without(example.cluster, "/new")
	not no_secret.checked with input as example.cluster with data.thresholds as {}
}

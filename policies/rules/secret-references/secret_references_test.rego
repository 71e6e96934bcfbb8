package lockstep.rules.secret_references_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.secret_references

_thresholds := {"organisation": {"secrets": {
	"stores": ["vault", "aws"],
	"clusterStores": ["platform"],
	"existing": ["registry-pull"],
	"paths": ["ml/{family}", "tenants/{tenant}/ml"],
}}}

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
		`secret "TOKEN" is in "SecretStore" "drawer"; allowed there are ["vault","aws"]`,
		"/spec/access/secrets/TOKEN/store",
	]}
}

test_a_store_of_the_kubernetes_cluster_is_listed_by_itself if {
	_found({"store": "platform", "storeKind": "ClusterSecretStore"}) == set()
	_found({"store": "vault", "storeKind": "ClusterSecretStore"}) == {[
		`secret "TOKEN" is in "ClusterSecretStore" "vault"; allowed there are ["platform"]`,
		"/spec/access/secrets/TOKEN/store",
	]}
	count(_found({"store": "platform"})) == 1
}

test_without_a_list_no_store_of_the_kubernetes_cluster_is_allowed if {
	secret := {"store": "platform", "storeKind": "ClusterSecretStore", "path": "ml/fraud/a"}
	found := {finding.message |
		some finding in secret_references.deny with input as example.put(
			example.cluster, "/new/spec/access/secrets/TOKEN",
			secret,
		)
			with data.thresholds as example.without(_thresholds, "/organisation/secrets/clusterStores")
	}
	found == {`secret "TOKEN" is in "ClusterSecretStore" "platform"; allowed there are []`}
}

test_a_secret_without_a_key_is_allowed if {
	secret := {"store": "vault", "path": "ml/fraud/token"}
	view := example.put(example.cluster, "/new/spec/access/secrets/TOKEN", secret)
	secret_references.deny == set() with input as view with data.thresholds as _thresholds
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
	every path in ["/organisation/secrets/stores", "/organisation/secrets/paths"] {
		few := example.without(_thresholds, path)
		not secret_references.checked with input as example.cluster with data.thresholds as few
	}
}

_in_pod(path, value) := example.put(
	example.cluster,
	concat("", ["/rendered/Deployment/0/spec/template/", path]),
	value,
)

_messages(view) := {message |
	some [message, _] in {[finding.message, finding.pointer] |
		some finding in secret_references.deny with input as view
			with data.thresholds as _thresholds
	}
}

_own := "fraud-eu-west-1"

# A way to give a pod the Secret of that name.
_ways(name) := [
	["spec/imagePullSecrets", [{"name": name}]],
	["spec/volumes/0", {"name": "a", "secret": {"secretName": name}}],
	["spec/volumes/0", {"name": "a", "projected": {"sources": [{"secret": {"name": name}}]}}],
	["spec/volumes/0", {"name": "a", "csi": {"driver": "a", "nodePublishSecretRef": {"name": name}}}],
	["spec/containers/0/envFrom", [{"secretRef": {"name": name}}]],
	[
		"spec/containers/0/env",
		[{"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": "a"}}}],
	],
	["spec/initContainers", [{"name": "a", "envFrom": [{"secretRef": {"name": name}}]}]],
]

test_pods_may_read_the_secret_of_the_cluster if {
	every way in _ways(_own) {
		_messages(_in_pod(way[0], way[1])) == set()
	}
}

test_pods_may_read_a_secret_that_the_organisation_lists if {
	every way in _ways("registry-pull") {
		_messages(_in_pod(way[0], way[1])) == set()
	}
}

test_any_other_secret_is_denied_in_whatever_way_it_comes if {
	every way in _ways("ranking") {
		_messages(_in_pod(way[0], way[1])) == {concat("", [
			`a pod gets Secret "ranking", which the cluster's ExternalSecret does not write`,
		])}
	}
	every field in ["secrets", "imagePullSecrets"] {
		path := concat("/", ["/rendered/ServiceAccount/0", field])
		count(_messages(example.put(example.cluster, path, [{"name": "ranking"}]))) == 1
	}
}

test_variables_may_come_from_the_secret_of_the_registry if {
	known := {"mlflow": {"address": "https://mlflow.example.com", "secret": {"name": "reader"}}}
	reference := [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "reader", "key": "token"}}}]
	every list in ["spec/containers/0/env", "spec/initContainers"] {
		view := _in_pod(list, {
			"spec/containers/0/env": reference,
			"spec/initContainers": [{"name": "fetch-model", "env": reference}],
		}[list])
		_messages(example.put(view, "/environment/spec/registries", known)) == set()
		count(_messages(view)) == 1
	}
	every way in _ways("reader") {
		denied := count(_messages(example.put(
			_in_pod(way[0], way[1]),
			"/environment/spec/registries", known,
		)))
		denied == {true: 0, false: 1}[way[0] == "spec/containers/0/env"]
	}
}

test_secrets_by_other_ways_are_denied if {
	token := {"serviceAccountToken": {"path": "a", "audience": "sts.example.com"}}
	_messages(_in_pod("spec/volumes/0", {"name": "a", "projected": {"sources": [token]}})) == {
		`a pod gets secrets by "a token", past spec.access.secrets`,
	}
	certificate := {"podCertificate": {"signerName": "a/b", "keyType": "ED25519"}}
	_messages(_in_pod("spec/volumes/0", {"name": "a", "projected": {"sources": [certificate]}})) == {
		`a pod gets secrets by "a certificate", past spec.access.secrets`,
	}
	_messages(_in_pod("spec/volumes/0", {"name": "a", "csi": {"driver": "secrets-store.csi.k8s.io"}})) == {
		`a pod gets secrets by "secrets-store.csi.k8s.io", past spec.access.secrets`,
	}
	_messages(_in_pod("metadata/annotations", {"vault.hashicorp.com/role": "ranking"})) == {
		`a pod gets secrets by "vault.hashicorp.com/role", past spec.access.secrets`,
	}
}

test_without_rendered_objects_it_is_not_checked if {
	every kind in ["Job", "ExternalSecret", "ServiceAccount"] {
		path := concat("/", ["/rendered", kind])
		not secret_references.checked with input as example.without(example.cluster, path)
			with data.thresholds as _thresholds
	}
}

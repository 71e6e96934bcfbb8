# METADATA
# title: Secrets from the family's own paths
# description: >-
#   Secrets come from a store that thresholds.organisation lists, and from below a path of the
#   family or its tenant, so that no family reads the secrets of another. Pods read no Secret but that of
#   the cluster's ExternalSecret and those that thresholds.organisation lists, in whatever way a spec or a
#   template mounts it, and get no token. Only variables may come from the Secret of the model registry,
#   which the environment names.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: secret-references
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
#   reads: [Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, ExternalSecret, ServiceAccount]
package lockstep.rules.secret_references

import data.lockstep.lib.finding
import data.lockstep.lib.pods

checked if {
	is_object(input.new.spec)
	is_string(input.family.metadata.name)
	is_string(input.family.metadata.tenant)
	is_array(_thresholds.stores)
	is_array(_thresholds.paths)
	is_array(input.rendered.ExternalSecret)
	is_array(input.rendered.ServiceAccount)
	pods.readable
}

_thresholds := data.thresholds.organisation.secrets

# The allowed ones, by the kind of the store.
_stores := {
	"SecretStore": _thresholds.stores,
	"ClusterSecretStore": object.get(_thresholds, "clusterStores", []),
}

_secrets := input.new.spec.access.secrets

# The paths below which this family's secrets are.
_own := [path |
	some pattern in _thresholds.paths
	path := strings.replace_n(
		{"{family}": input.family.metadata.name, "{tenant}": input.family.metadata.tenant},
		pattern,
	)
]

# Below one of them, and without . or .. that would lead out of it.
_is_own(path) if {
	some own in _own
	startswith(concat("", [path, "/"]), concat("", [own, "/"]))
	count({".", ".."} & {part | some part in split(path, "/")}) == 0
}

# METADATA
# title: Unknown store
# custom:
#   thresholds: [secrets]
#   message: secret %s is in %s %s; allowed there are %s
#   solution: move the secret to one of these stores
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "access", "secrets", name, "store"],
	[name, kind, secret.store, _stores[kind]],
) if {
	some name, secret in _secrets
	kind := object.get(secret, "storeKind", "SecretStore")
	not secret.store in _stores[kind]
}

# METADATA
# title: Secret of another family
# custom:
#   thresholds: [secrets]
#   message: secret %s is read from %s; the secrets of this family are below %s
#   solution: move the secret below one of these paths, and read it from there
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "access", "secrets", name, "path"],
	[name, secret.path, _own],
) if {
	some name, secret in _secrets
	not _is_own(secret.path)
}

# What External Secrets writes for the cluster, and what exists without it.
_written contains external.spec.target.name if some external in input.rendered.ExternalSecret

_written contains name if some name in _thresholds.existing

# What the environment gives pods to reach the registry of the family.
_of_registry := input.environment.spec.registries[input.family.spec.model.registry].secret.name

_lets_in(path, secret) if {
	secret == _of_registry
	"secretKeyRef" in path
}

# Each Secret that an object names: its kind and name, the path, the name of the Secret.
_named contains [pod.kind, pod.name, array.concat(pod.path, path), name] if {
	some pod in pods.all
	some [path, name] in _of_pod(pod.spec)
}

_named contains [container.kind, container.name, array.concat(container.path, path), name] if {
	some container in pods.containers
	some [path, name] in _of_container(container.spec)
}

_named contains ["ServiceAccount", account.metadata.name, [field, i, "name"], reference.name] if {
	some account in input.rendered.ServiceAccount
	some field in ["secrets", "imagePullSecrets"]
	some i, reference in account[field]
}

_of_container(container) := {[["env", i, "valueFrom", "secretKeyRef", "name"], name] |
	some i, variable in container.env
	name := variable.valueFrom.secretKeyRef.name
} | {[["envFrom", i, "secretRef", "name"], name] |
	some i, source in container.envFrom
	name := source.secretRef.name
}

_of_pod(pod) := (({[["imagePullSecrets", i, "name"], name] |
	some i, reference in pod.imagePullSecrets
	name := reference.name
} | {[["volumes", i, "secret", "secretName"], name] |
	some i, volume in pod.volumes
	name := volume.secret.secretName
}) | {[["volumes", i, "projected", "sources", k, "secret", "name"], name] |
	some i, volume in pod.volumes
	some k, source in volume.projected.sources
	name := source.secret.name
}) | {[["volumes", i, "csi", "nodePublishSecretRef", "name"], name] |
	some i, volume in pod.volumes
	name := volume.csi.nodePublishSecretRef.name
}

# METADATA
# title: Another Secret
# custom:
#   message: a pod gets Secret %s, which the cluster's ExternalSecret does not write
#   solution: >-
#     add the value to spec.access.secrets, or remove the reference; the owners of the policies can list a
#     Secret that something else writes in thresholds.organisation.secrets.existing
deny contains finding.of_object(rego.metadata.rule(), kind, name, path, [secret]) if {
	some [kind, name, path, secret] in _named
	not secret in _written
	not _lets_in(path, secret)
}

_token contains [pod, ["volumes", i, "projected", "sources", k, kind], shown] if {
	some pod in pods.all
	some i, volume in pod.spec.volumes
	some k, source in volume.projected.sources
	some kind, shown in {"serviceAccountToken": "a token", "podCertificate": "a certificate"}
	source[kind]
}

_token contains [pod, ["volumes", i, "csi", "driver"], volume.csi.driver] if {
	some pod in pods.all
	some i, volume in pod.spec.volumes
	startswith(volume.csi.driver, "secrets-store.csi.")
}

_vault contains [pod, array.concat(pod.annotations_path, [key]), key] if {
	some pod in pods.all
	some key, _ in pod.metadata.annotations
	startswith(key, "vault.hashicorp.com/")
}

# METADATA
# title: A secret by another way
# custom:
#   message: a pod gets secrets by %s, past spec.access.secrets
#   solution: add the value to spec.access.secrets, or remove it from the template
deny contains finding.of_object(rego.metadata.rule(), pod.kind, pod.name, path, [how]) if {
	some [pod, path, how] in _ways
}

_ways := {[pod, array.concat(pod.path, path), how] | some [pod, path, how] in _token} | _vault

# METADATA
# title: Secrets from the family's own paths
# description: >-
#   Secrets come from a store that thresholds.secret_references lists, and from below a path of the
#   family or its tenant, so that no family reads the secrets of another.
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
package lockstep.rules.secret_references

import data.lockstep.lib.finding

checked if {
	is_object(input.new.spec)
	is_string(input.family.metadata.name)
	is_string(input.family.metadata.tenant)
	is_array(_thresholds.stores)
	is_array(_thresholds.paths)
}

_thresholds := data.thresholds.secret_references

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
#   message: secret %s is in store %s; allowed stores are %s
#   solution: move the secret to one of these stores
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "access", "secrets", name, "store"],
	[name, secret.store, _thresholds.stores],
) if {
	some name, secret in _secrets
	not secret.store in _thresholds.stores
}

# METADATA
# title: Secret of another family
# custom:
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

# METADATA
# title: Secrets of the family
# description: >-
#   Secrets come from a store that thresholds.secret_references names, and from below a path that
#   belongs to the family or its tenant, so that no family reads what another one keeps.
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

# The paths below which this family's secrets lie.
_own := [path |
	some pattern in _thresholds.paths
	path := strings.replace_n(
		{"{family}": input.family.metadata.name, "{tenant}": input.family.metadata.tenant},
		pattern,
	)
]

# Below it, and not out of it again.
_is_own(path) if {
	some own in _own
	startswith(concat("", [path, "/"]), concat("", [own, "/"]))
	count({".", ".."} & {part | some part in split(path, "/")}) == 0
}

# METADATA
# title: An unknown store
# custom:
#   message: secret %s is in store %s, and the stores are %s
#   solution: keep the secret in one of these stores
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "access", "secrets", name, "store"],
	[name, secret.store, _thresholds.stores],
) if {
	some name, secret in _secrets
	not secret.store in _thresholds.stores
}

# METADATA
# title: A secret of others
# custom:
#   message: secret %s is read from %s, and those of this family lie below %s
#   solution: keep the secret below a path of the family's own, and read it from there
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "access", "secrets", name, "path"],
	[name, secret.path, _own],
) if {
	some name, secret in _secrets
	not _is_own(secret.path)
}

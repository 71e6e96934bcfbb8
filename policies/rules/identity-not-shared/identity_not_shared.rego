# METADATA
# title: One identity per cluster
# description: >-
#   No two clusters use the same cloud principal, within an environment or across environments. An
#   attacker in one cluster would have the rights of both, and the cloud's audit log could not tell
#   them apart.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: identity-not-shared
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: true
package lockstep.rules.identity_not_shared

import data.lockstep.lib.finding

checked if {
	is_array(input.clusters)
	every cluster in input.clusters {
		is_string(cluster.name)
		is_object(cluster.spec)
	}
	is_string(input.environment.metadata.name)
	every other in input.elsewhere {
		is_string(other.environment)
		is_string(other.principal)
	}
}

# Clouds compare principals without regard to case.
_users[lower(cluster.spec.access.identity.principal)] contains cluster.name if {
	some cluster in input.clusters
}

# METADATA
# title: Shared identity
# custom:
#   message: "principal %s is the identity of %s clusters: %s"
#   solution: give each cluster a principal of its own
deny contains finding.of_clusters(
	rego.metadata.rule(),
	sort(names),
	["spec", "access", "identity", "principal"],
	[principal, count(names), names],
) if {
	some principal, names in _users
	count(names) > 1
}

# The clusters of other environments that use a principal. Only environments that come first by name
# count, so that a shared principal is reported once.
_users_elsewhere[lower(other.principal)] contains concat("/", [other.environment, other.name]) if {
	some other in input.elsewhere
	other.environment < input.environment.metadata.name
}

# METADATA
# title: Identity shared with another environment
# custom:
#   message: principal %s of cluster %s is also the identity of %s
#   solution: give the cluster a principal of its own
deny contains finding.of_cluster(
	rego.metadata.rule(), names[0], ["spec", "access", "identity", "principal"],
	[principal, names[0], others],
) if {
	some principal, users in _users
	others := object.get(_users_elsewhere, principal, set()) # with _users_elsewhere[principal], OPA would scan
	count(others) > 0
	names := sort(users)
}

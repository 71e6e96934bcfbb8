# METADATA
# title: An identity for each cluster
# description: >-
#   No two clusters act as the same principal, in this environment or in two: whoever breaks into one
#   would hold the rights of both, and the cloud's log could not tell them apart.
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

# No cloud tells principals apart by their case.
_users[lower(cluster.spec.access.identity.principal)] contains cluster.name if {
	some cluster in input.clusters
}

# METADATA
# title: A shared identity
# custom:
#   message: principal %s is the identity of %s clusters, %s
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

# The clusters of earlier environments, by name, that act as a principal. Of two environments that
# share one the later one says so.
_users_elsewhere[lower(other.principal)] contains concat("/", [other.environment, other.name]) if {
	some other in input.elsewhere
	other.environment < input.environment.metadata.name
}

# METADATA
# title: An identity of another environment
# custom:
#   message: principal %s of cluster %s is the identity of %s too
#   solution: give the cluster a principal of its own
deny contains finding.of_cluster(
	rego.metadata.rule(), names[0], ["spec", "access", "identity", "principal"],
	[principal, names[0], others],
) if {
	some principal, users in _users
	others := _users_elsewhere[principal]
	names := sort(users)
}

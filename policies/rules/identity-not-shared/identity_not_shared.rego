# METADATA
# title: An identity for each cluster
# description: >-
#   No two clusters of an environment act as the same principal: whoever breaks into one would hold
#   the rights of both, and the cloud's log could not tell them apart.
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

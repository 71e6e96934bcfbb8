# METADATA
# title: A dashboard of one family
# description: >-
#   No two families of an environment name the same dashboard: Grafana keeps one dashboard for a uid, so
#   the one that is read last would replace the other. The rule applies where the environment has the
#   destination to which dashboards go.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: dashboard-not-shared
#   category: observability
#   severity: error
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: true
package lockstep.rules.dashboard_not_shared

import data.lockstep.lib.finding
import data.lockstep.lib.observed

checked if {
	observed.is_readable
	every family in input.families {
		is_string(family.name)
		is_object(family.dashboards)
	}
}

# By uid, each family that names it and its first cluster that does. Databases of Grafana may ignore case.
_users[lower(uid)] contains {"family": family.name, "cluster": cluster} if {
	some family in input.families
	some uid, cluster in family.dashboards
}

# METADATA
# title: Shared dashboard
# custom:
#   message: "the dashboard %s is named by %s families: %s; Grafana keeps only one of theirs"
#   solution: give each family a uid of its own in spec.observability.dashboard
deny contains finding.of_clusters(
	rego.metadata.rule(),
	clusters,
	["spec", "observability", "dashboard"],
	[uid, count(families), families],
) if {
	observed.has("destination")
	some uid, users in _users
	families := {user.family | some user in users}
	count(families) > 1
	clusters := finding.first([user.cluster | some user in users])
}

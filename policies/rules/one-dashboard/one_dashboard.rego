# METADATA
# title: One dashboard for a family
# description: >-
#   The clusters of a family name the same dashboard: one is rendered for the family, with all its regions
#   and versions side by side. The rule applies where the environment has the destination to which
#   dashboards go.
# schemas:
#   - input: schema.family
# custom:
#   short_name: one-dashboard
#   category: observability
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.one_dashboard

import data.lockstep.lib.finding
import data.lockstep.lib.observed
import data.lockstep.lib.skew

checked if {
	observed.is_readable
	every cluster in input.clusters {
		is_string(cluster.name)
		is_object(cluster.new.spec)
	}
}

_path := ["spec", "observability", "dashboard"]

_clusters[cluster.new.spec.observability.dashboard] contains cluster.name if {
	some cluster in input.clusters
}

# METADATA
# title: Two dashboards
# custom:
#   message: "the clusters of the family name %s dashboards: %s; only one is rendered, with all regions"
#   solution: remove spec.observability.dashboard from the cluster, so that it has the one of family.yaml
deny contains finding.with_others(
	finding.of_cluster(rego.metadata.rule(), name, _path, [count(_clusters), object.keys(_clusters)]),
	[{"cluster": other, "path": _path, "note": sprintf("names %s", [finding.shown(uid)])} |
		some uid, names in _clusters
		some other in names
		other != name
	],
) if {
	observed.has("destination")
	count(_clusters) > 1
	name := min(_clusters[skew.rarest(_clusters)])
}

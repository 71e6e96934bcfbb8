# METADATA
# title: Same features in every cluster
# description: >-
#   The clusters of a family read the same version of each feature view, from the same service of the
#   same store. The same model decides differently when its features differ. The finding points at the
#   version that the fewest clusters read.
# schemas:
#   - input: schema.family
# custom:
#   short_name: feature-views-same
#   category: consistency
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.feature_views_same

import data.lockstep.lib.finding
import data.lockstep.lib.skew

checked if {
	every cluster in input.clusters {
		is_string(cluster.name)
		is_object(cluster.new.spec)
	}
}

_views[view][version] contains cluster.name if {
	some cluster in input.clusters
	some view, version in cluster.new.spec.features.views
}

_sources[field][source] contains cluster.name if {
	some field in ["store", "service"]
	some cluster in input.clusters
	source := cluster.new.spec.features[field]
}

_others(values, name, path) := [place |
	some value, names in values
	some other in names
	other != name
	place := {"cluster": other, "path": path, "note": sprintf("reads %s", [finding.shown(value)])}
]

# METADATA
# title: Two versions of a view
# custom:
#   message: the clusters of the family read feature view %s in %s versions; version %s is read by %s
#   solution: read the same version of the view in every cluster of the family
deny contains finding.with_others(
	finding.of_cluster(
		rego.metadata.rule(), name, path,
		[view, count(versions), odd, versions[odd]],
	),
	_others(versions, name, path),
) if {
	some view, versions in _views
	count(versions) > 1
	odd := skew.rarest(versions)
	name := min(versions[odd])
	path := ["spec", "features", "views", view]
}

# METADATA
# title: Two sources
# custom:
#   message: "%s of spec.features is %s in %s and differs in the other clusters of the family"
#   solution: read the features from the same service in every cluster of the family
deny contains finding.with_others(
	finding.of_cluster(rego.metadata.rule(), name, path, [field, odd, sources[odd]]),
	_others(sources, name, path),
) if {
	some field, sources in _sources
	count(sources) > 1
	odd := skew.rarest(sources)
	name := min(sources[odd])
	path := ["spec", "features", field]
}

# METADATA
# title: Data residency
# description: >-
#   Logs and training data are in jurisdictions that the cluster's spec.residency allows, as its
#   requests are. The rule checks the regions in spec.privacy.logs and spec.privacy.training, and the
#   registry tag data.jurisdictions of each version with weight. In production both fields are
#   required where requests identify people.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: data-residency
#   category: privacy
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.data_residency

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.privacy
import data.lockstep.lib.regions
import data.lockstep.lib.tier

checked if {
	is_array(input.new.spec.residency)
	is_object(input.locks)
	regions.are_readable
	cluster.readable
}

_tag := "data.jurisdictions"

# Each field of the spec that says where data are: its path, and the region.
_places contains [["spec", "privacy", "logs"], input.new.spec.privacy.logs]

_places contains [["spec", "privacy", "training", i], region] if {
	some i, region in input.new.spec.privacy.training
}

# METADATA
# title: Unknown region
# custom:
#   message: data are in region %s, which the environment does not have
#   solution: use a region of environment.yaml, or have the region added there
deny contains finding.at(rego.metadata.rule(), path, [region]) if {
	some [path, region] in _places
	not regions.jurisdictions[region]
}

# METADATA
# title: Data outside the allowed jurisdictions
# custom:
#   message: data are in region %s in jurisdiction %s; spec.residency allows only %s
#   solution: move the data to a region in one of the jurisdictions of spec.residency
deny contains finding.at(
	rego.metadata.rule(),
	path,
	[region, jurisdiction, input.new.spec.residency],
) if {
	some [path, region] in _places
	some jurisdiction in regions.jurisdictions[region]
	not jurisdiction in input.new.spec.residency
}

# METADATA
# title: Version trained on data from outside
# custom:
#   message: the tag data.jurisdictions of version %s names %s; spec.residency allows only %s
#   solution: >-
#     serve a version with training data from the jurisdictions of spec.residency, or correct the tag in
#     the registry and run lockstep lock
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "version"],
	[variant.version, jurisdiction, input.new.spec.residency],
) if {
	some i, variant in input.new.spec.variants
	variant.weight > 0
	some part in split(input.locks[variant.version].facts.tags[_tag], ",")
	jurisdiction := trim_space(part)
	not jurisdiction in input.new.spec.residency
}

# METADATA
# title: Region of logs or training data not given
# custom:
#   message: the requests contain %s data, but spec.privacy does not give the regions of %s
#   solution: set spec.privacy.logs and spec.privacy.training to the regions of these data
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "data"],
	[input.new.spec.privacy.data, unnamed],
) if {
	tier.is_production
	privacy.identifies_people
	unnamed := [field |
		some field in ["logs", "training"]
		not input.new.spec.privacy[field]
	]
	count(unnamed) > 0
}

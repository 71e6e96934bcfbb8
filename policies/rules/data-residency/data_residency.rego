# METADATA
# title: Data residency
# description: >-
#   Logs and training data about people lie in jurisdictions that the cluster's spec.residency
#   allows, as its requests do: what spec.privacy.logs and spec.privacy.training name, and what the
#   registry's tag data.jurisdictions tells of each version with weight. In production, where the
#   requests identify people, both must be named.
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

# Each place of the spec that says where data lie: its path, and the region.
_places contains [["spec", "privacy", "logs"], input.new.spec.privacy.logs]

_places contains [["spec", "privacy", "training", i], region] if {
	some i, region in input.new.spec.privacy.training
}

# METADATA
# title: An unknown region of data
# custom:
#   message: data lie in %s, and the environment has no such region
#   solution: name a region of environment.yaml, or have the region added there
deny contains finding.at(rego.metadata.rule(), path, [region]) if {
	some [path, region] in _places
	not regions.jurisdictions[region]
}

# METADATA
# title: Data outside
# custom:
#   message: data lie in region %s, which is in %s, and spec.residency allows %s
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
# title: A version trained outside
# custom:
#   message: version %s has data from %s by its tag data.jurisdictions, and spec.residency allows %s
#   solution: >-
#     serve a version whose data lie in the jurisdictions of spec.residency, or correct the tag in
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
# title: Data whose place is not said
# custom:
#   message: the requests hold %s data, and spec.privacy does not name the place of %s
#   solution: name the region of the logs and those of the training data in spec.privacy
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

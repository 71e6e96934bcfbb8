# METADATA
# title: Residency
# description: >-
#   The region of a cluster is in a jurisdiction that the cluster's spec.residency allows. The spec
#   allows no more than thresholds.organisation does for that jurisdiction.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: residency
#   category: privacy
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.residency

import data.lockstep.lib.finding
import data.lockstep.lib.regions

checked if {
	is_string(input.new.spec.region)
	is_array(input.new.spec.residency)
	is_object(data.thresholds.organisation.residency)
	regions.are_readable
}

# METADATA
# title: Unknown region
# custom:
#   message: the environment has no region %s
#   solution: use a region of environment.yaml, or have the region added there
deny contains finding.at(rego.metadata.rule(), ["spec", "region"], [region]) if {
	region := input.new.spec.region
	not regions.jurisdictions[region]
}

# METADATA
# title: Region outside the allowed jurisdictions
# custom:
#   message: region %s is in jurisdiction %s; spec.residency allows only %s
#   solution: use a region in one of the jurisdictions of spec.residency
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "region"],
	[input.new.spec.region, jurisdiction, input.new.spec.residency],
) if {
	some jurisdiction in regions.jurisdictions[input.new.spec.region]
	not jurisdiction in input.new.spec.residency
}

# METADATA
# title: Residency wider than allowed
# custom:
#   thresholds: [residency]
#   message: spec.residency allows %s, but requests that arrive in %s may be processed only in %s
#   solution: remove the jurisdiction from spec.residency
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "residency", i],
	[jurisdiction, home, confined],
) if {
	some home in regions.jurisdictions[input.new.spec.region]
	confined := data.thresholds.organisation.residency[home]
	some i, jurisdiction in input.new.spec.residency
	not jurisdiction in confined
}

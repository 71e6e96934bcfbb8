# METADATA
# title: What Argo CD follows
# description: >-
#   An environment decides which repository and branch Argo CD follows, in which project, and to which
#   Kubernetes clusters it deploys. A change of that moves all clusters of the environment at once, so the
#   platform has to approve it. It is not a mistake: the exit code stays as it is.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: argocd-source
#   category: access
#   severity: approval
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: false
package lockstep.rules.argocd_source

import data.lockstep.lib.finding

checked if {
	is_object(input.environment.spec.argocd)
	is_array(input.environment.spec.regions)
}

_before := object.get(input.environment_before, "spec", {}) if is_object(input.environment_before)

# METADATA
# title: Another source
# custom:
#   message: "%s of spec.argocd changes from %s to %s, for all clusters of the environment"
#   solution: have the owners of the platform approve the change
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "argocd", field],
	[field, was, value],
) if {
	some field, value in input.environment.spec.argocd
	was := object.get(_before, ["argocd", field], null)
	was != value
}

# METADATA
# title: Another destination
# custom:
#   message: region %s is deployed to %s in place of %s
#   solution: have the owners of the platform approve the change
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "regions", i, "destination"],
	[region.name, region.destination, was.destination],
) if {
	some i, region in input.environment.spec.regions
	some was in _before.regions
	was.name == region.name
	was.destination != region.destination
}

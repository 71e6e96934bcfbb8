# METADATA
# title: Gateway of the region
# description: >-
#   A cluster names only Istio Gateways that environment.yaml lists for its region: those in gateways, which
#   serve the clusters that name none, and those in optionalGateways. A Gateway decides who can call: one of
#   partners, or of another team, must not serve a model because its spec names it.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: gateway-of-region
#   category: traffic
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.gateway_of_region

import data.lockstep.lib.finding

checked if {
	is_string(input.new.spec.region)
	is_array(object.get(input.new.spec, "gateways", []))
	is_array(input.environment.spec.regions)
	every region in input.environment.spec.regions {
		is_string(region.name)
	}
}

_own := [region |
	some region in input.environment.spec.regions
	region.name == input.new.spec.region
]

# The sidecars always follow the routes: mesh opens a host to nobody else.
_allowed := {"mesh"} | {gateway |
	some region in _own
	some field in ["gateways", "optionalGateways"]
	some gateway in region[field]
}

# METADATA
# title: Gateway of another region or environment
# custom:
#   message: gateway %s is not one of region %s; allowed there are %s
#   solution: >-
#     use one of these gateways, or have yours added to the region in environment.yaml: under gateways for
#     all clusters that name none, else under optionalGateways
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "gateways", i],
	[gateway, input.new.spec.region, _allowed],
) if {
	count(_own) > 0 # residency reports a region that is not listed
	some i, gateway in input.new.spec.gateways
	not gateway in _allowed
}

# METADATA
# title: Host served
# description: >-
#   In production the spec says how callers reach the cluster's hosts: by the Istio Gateways of its
#   region or by its own, or only from inside the mesh. A VirtualService without gateways exists for
#   sidecars only, so an ingress gateway answers 404 for its hosts.
# related_resources:
#   - https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: host-served
#   category: traffic
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.host_served

import data.lockstep.lib.finding
import data.lockstep.lib.tier

checked if {
	is_string(input.new.spec.host)
	is_string(input.new.spec.region)
	is_array(input.environment.spec.regions)
}

_has_gateways if count(input.new.spec.gateways) > 0

_has_gateways if {
	some region in input.environment.spec.regions
	region.name == input.new.spec.region
	count(region.gateways) > 0
}

# METADATA
# title: Host without a gateway
# custom:
#   message: neither the cluster nor its region %s has gateways, so callers outside the mesh cannot reach %s
#   solution: >-
#     write gateways: [<namespace>/<name of an Istio Gateway>] for the region in environment.yaml, or in
#     the cluster's spec; write gateways: [mesh] where only pods with a sidecar call it
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "host"],
	[input.new.spec.region, input.new.spec.host],
) if {
	tier.is_production
	not _has_gateways
}

# METADATA
# title: Addresses that callers lose
# description: >-
#   A host, a Gateway or a port of the Service that goes answers nobody from the sync on; there is no canary
#   for it. Those who approve make sure that no caller uses it any more. It is not a mistake: the exit code
#   stays as it is.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: addresses-kept
#   category: traffic
#   severity: approval
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.addresses_kept

import data.lockstep.lib.cluster
import data.lockstep.lib.finding

checked if {
	cluster.past_is_known
	is_string(input.new.spec.host)
	is_array(object.get(input.new.spec, "hosts", []))
	is_object(object.get(input.new.spec.serving, "ports", {}))
}

_hosts(spec) := {spec.host} | {host | some host in spec.hosts}

_ports(spec) := {number | some number in spec.serving.ports}

# Those of the cluster, or else of its region.
_gateways(spec, _) := {gateway | some gateway in spec.gateways} if spec.gateways

_gateways(spec, environment) := {gateway |
	some region in environment.spec.regions
	region.name == spec.region
	some gateway in region.gateways
} if not spec.gateways

# METADATA
# title: A host goes
# custom:
#   message: host %s is no longer routed by this cluster; its callers get 404
#   solution: >-
#     keep it in spec.hosts until nobody calls it; to move it to another cluster, expect requests without
#     an answer between the two syncs
deny contains finding.at(rego.metadata.rule(), ["spec", "host"], [host]) if {
	some host in (_hosts(input.old.spec) - _hosts(input.new.spec))
}

# METADATA
# title: A Gateway goes
# custom:
#   message: Gateway %s no longer serves the hosts of this cluster; requests through it get 404
#   solution: keep the Gateway until no caller comes through it
deny contains finding.at(rego.metadata.rule(), ["spec", "gateways"], [gateway]) if {
	some gateway in (_gateways(input.old.spec, input.environment_before) - _gateways(input.new.spec, input.environment))

	# A cluster that moves has the Gateways of its new region.
	input.old.spec.region == input.new.spec.region
}

# METADATA
# title: A port goes
# custom:
#   message: port %s of the Service is removed; its callers are refused
#   solution: add the new port first, and remove this one in a later change
deny contains finding.at(rego.metadata.rule(), ["spec", "serving", "ports"], [number]) if {
	some number in (_ports(input.old.spec) - _ports(input.new.spec))
}

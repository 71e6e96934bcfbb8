# METADATA
# title: Closed networks
# description: >-
#   The namespaces of production's tenants are closed: spec.network says what pods may reach and who may
#   reach them, and all else is denied. What pods need is named: the model registry where they fetch
#   models from one. An arm that learns from live data is cut off from what writes production's features,
#   which spec.network.featureWriters names, and no other rule lets it through.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: network-closed
#   category: access
#   severity: warning
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: true
package lockstep.rules.network_closed

import data.lockstep.lib.experiments
import data.lockstep.lib.finding
import data.lockstep.lib.tenants
import data.lockstep.lib.tier
import data.lockstep.lib.variants

checked if {
	is_object(input.environment.spec)
	is_array(tenants.declared)
	is_object(_network)
	every cluster in input.clusters {
		is_string(cluster.name)
		variants.are_readable(cluster.spec.variants)
	}
}

_network := object.get(input.environment.spec, "network", {})

# METADATA
# title: Open network
# custom:
#   message: spec.network is missing; any pod may reach those of %s tenants, and they may reach anything
#   solution: say in spec.network what pods reach, as docs/how-to/tenants.md describes
deny contains finding.at(rego.metadata.rule(), ["spec", "network"], [count(tenants.declared)]) if {
	tier.is_production
	count(tenants.declared) > 0
	not input.environment.spec.network
}

# METADATA
# title: Anybody may call
# custom:
#   message: spec.network.authorization is missing; any pod that the network lets through may call the clusters of %s tenants
#   solution: begin with dryRun, and write enforce once the proxies log nothing that must go through
deny contains finding.at(rego.metadata.rule(), ["spec", "network", "authorization"], [count(tenants.declared)]) if {
	tier.is_production
	count(tenants.declared) > 0
	input.environment.spec.network
	not input.environment.spec.network.authorization
}

# METADATA
# title: Registry out of reach
# custom:
#   message: pods fetch models from %s, which spec.network does not let them reach
#   solution: add the addresses of the registry and of its files as spec.network.registry
deny contains finding.at(rego.metadata.rule(), ["spec", "network", "registry"], [addresses]) if {
	input.environment.spec.network
	not input.environment.spec.network.registry
	addresses := {registry.address | some registry in input.environment.spec.registries}
	count(addresses) > 0
}

_learning contains [cluster.name, variant.name] if {
	some cluster in input.clusters
	cluster.spec.experiments
	some variant in cluster.spec.variants
	experiments.learns_live(cluster.spec, variant)
}

# METADATA
# title: Learning arm with access to production's writers
# custom:
#   message: arm %s learns from live data, and spec.network does not say what writes production's features
#   solution: name it in spec.network.featureWriters; pods of the arm cannot reach it then
deny contains finding.of_cluster(
	rego.metadata.rule(), name, ["spec", "experiments", arm, "learnsFrom"],
	[arm],
) if {
	some [name, arm] in _learning
	tier.is_production
	not input.environment.spec.network.featureWriters
}

# METADATA
# title: Writers that all may reach
# custom:
#   message: the %s of spec.network lets all pods reach %s on port %s, which writes production's features
#   solution: leave it in featureWriters only, so that pods of arms that learn from live data cannot reach it
deny contains finding.at(
	rego.metadata.rule(), ["spec", "network", kind, i],
	[kind, place, port],
) if {
	count(_learning) > 0
	some kind in ["registry", "egress", "dns", "istiod"]
	some i, peer in _network[kind]
	some writer in _network.featureWriters
	some port in ({port | some port in peer.ports} & {port | some port in writer.ports})
	place := _shared(peer, writer)
}

_shared(peer, writer) := peer.namespace if peer.namespace == writer.namespace

_shared(peer, writer) := min({cidr |
	some cidr in peer.cidrs
	some other in writer.cidrs
	net.cidr_intersects(cidr, other)
}) if {
	peer.cidrs
	writer.cidrs
}

# METADATA
# title: A server for every gate
# description: >-
#   A gate on Prometheus is asked in the region of each cluster, so environment.yaml names a Prometheus
#   for every region in which the family has a cluster that the gate is asked of. A gate on Argo CD is
#   asked of the Argo CD that environment.yaml names in spec.argocd.server. Without a server the rollout
#   would wait at its first step for ever.
# schemas:
#   - input: schema.family
# custom:
#   short_name: gate-server
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.gate_server

import data.lockstep.lib.finding

checked if {
	is_array(input.family.spec.gates)
	is_array(input.environment.spec.regions)
	every region in input.environment.spec.regions {
		is_string(region.name)
	}
	every cluster in input.clusters {
		is_string(cluster.new.spec.region)
	}
}

_served contains region.name if {
	some region in input.environment.spec.regions
	region.prometheus
}

_served contains region.name if {
	some region in input.environment.spec.regions
	input.environment.spec.prometheus
}

_asked_in(gate) := {cluster.new.spec.region |
	some cluster in input.clusters
	segment := object.get(cluster.new.spec, ["segment", "name"], "")
	object.get(gate, "segment", segment) == segment
}

# METADATA
# title: No Prometheus for a gate
# custom:
#   message: gate %s is asked of Prometheus, but environment.yaml names none for the regions %s
#   solution: >-
#     set prometheus of these regions in environment.yaml, or spec.prometheus for all, to an address that
#     the machine which runs Lockstep reaches
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "gates", i, "source"],
	[gate.name, silent],
) if {
	some i, gate in input.family.spec.gates
	gate.source == "prometheus"
	silent := _asked_in(gate) - _served
	count(silent) > 0
}

# METADATA
# title: No Argo CD for a gate
# custom:
#   message: gate %s is asked of Argo CD, but environment.yaml has no spec.argocd.server
#   solution: >-
#     set spec.argocd.server in environment.yaml to the address of Argo CD's API server, as the machine
#     which runs Lockstep reaches it
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "gates", i, "source"],
	[gate.name],
) if {
	some i, gate in input.family.spec.gates
	gate.source == "argocd"
	not input.environment.spec.argocd.server
}

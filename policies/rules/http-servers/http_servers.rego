# METADATA
# title: Server of a gate
# description: >-
#   A gate of the source http-json asks a server that thresholds.http lists, in every region of the
#   family. The list decides which hosts are asked and which secrets they get.
# schemas:
#   - input: schema.family
# custom:
#   short_name: http-servers
#   category: rollout
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.http_servers

import data.lockstep.lib.finding

checked if {
	is_array(input.family.spec.gates)
	is_string(input.environment.metadata.name)
	is_array(input.clusters)
	every cluster in input.clusters {
		is_string(cluster.new.spec.region)
	}
	is_object(_servers)
}

_servers := data.thresholds.http.servers

_regions := {cluster.new.spec.region | some cluster in input.clusters}

_named(server, region) := replace(
	replace(server, "{region}", region),
	"{environment}", input.environment.metadata.name,
)

# METADATA
# title: Server that is not listed
# custom:
#   thresholds: [servers]
#   message: gate %s asks the servers %s, which are not among %s
#   solution: list them in policies/data/http.yaml, or correct the name
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "gates", i, "server"],
	[gate.name, unknown, object.keys(_servers)],
) if {
	some i, gate in input.family.spec.gates
	gate.source == "http-json"
	unknown := {_named(gate.server, region) | some region in _regions} - object.keys(_servers)
	count(unknown) > 0
}

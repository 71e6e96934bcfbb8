# METADATA
# title: One owner of a host
# description: >-
#   Exactly one VirtualService routes the cluster's host, and it routes no other hosts than that and
#   the cluster's Services. Istio merges several objects for one host in an undefined order.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: one-owner-of-host
#   category: traffic
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
#   reads: [VirtualService, Service]
package lockstep.rules.one_owner_of_host

import data.lockstep.lib.finding

checked if {
	is_string(input.new.spec.host)
	is_array(input.rendered.VirtualService)
	is_array(input.rendered.Service)
	every manifest in array.concat(input.rendered.VirtualService, input.rendered.Service) {
		is_string(manifest.metadata.name)
		is_object(manifest.spec)
	}
}

_own := {input.new.spec.host} | {host |
	some manifest in input.rendered.Service
	host := sprintf("%s.%s.svc.cluster.local", [manifest.metadata.name, manifest.metadata.namespace])
}

# METADATA
# title: Two VirtualServices for a host
# custom:
#   message: host %s is routed by VirtualService %s and by %s
#   solution: route each host in one VirtualService
deny contains finding.of_object(
	rego.metadata.rule(), "VirtualService", manifest.metadata.name, ["spec", "hosts", k],
	[host, earlier.metadata.name, manifest.metadata.name],
) if {
	some i, manifest in input.rendered.VirtualService
	some k, host in manifest.spec.hosts
	some j, earlier in input.rendered.VirtualService
	j < i
	host in earlier.spec.hosts
}

# METADATA
# title: A host that is not the cluster's
# custom:
#   message: VirtualService %s routes host %s, which is neither spec.host nor a Service of this cluster
#   solution: route only spec.host and the cluster's Services; route another host in its own cluster
deny contains finding.of_object(
	rego.metadata.rule(), "VirtualService", manifest.metadata.name, ["spec", "hosts", k],
	[manifest.metadata.name, host],
) if {
	some manifest in input.rendered.VirtualService
	some k, host in manifest.spec.hosts
	not host in _own
}

# METADATA
# title: spec.host without a route
# custom:
#   message: no VirtualService routes spec.host, which is %s
#   solution: add spec.host to the hosts of the cluster's VirtualService
deny contains finding.at(rego.metadata.rule(), ["spec", "host"], [host]) if {
	count(input.rendered.Service) > 0 # without any, rendering failed, which is reported already
	host := input.new.spec.host
	hosts := {each | some manifest in input.rendered.VirtualService; some each in manifest.spec.hosts}
	not host in hosts
}

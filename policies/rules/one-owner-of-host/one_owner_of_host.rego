# METADATA
# title: One owner of a host
# description: >-
#   Exactly one VirtualService routes each of the cluster's hosts, and it routes no other hosts than
#   those and the cluster's Services. Istio merges several objects for one host in an undefined order.
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

# The hosts of the spec by their paths.
_claimed[["spec", "host"]] := input.new.spec.host

_claimed[["spec", "hosts", i]] := host if some i, host in input.new.spec.hosts

_own := {host | some host in _claimed} | {host |
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
#   message: VirtualService %s routes host %s, which is neither in spec.host or spec.hosts nor a Service of this cluster
#   solution: add the host to spec.hosts, or route it in its own cluster
deny contains finding.of_object(
	rego.metadata.rule(), "VirtualService", manifest.metadata.name, ["spec", "hosts", k],
	[manifest.metadata.name, host],
) if {
	some manifest in input.rendered.VirtualService
	some k, host in manifest.spec.hosts
	not host in _own
}

# METADATA
# title: Host without a route
# custom:
#   message: no VirtualService routes the host %s
#   solution: have the template of the VirtualService route every host of the spec
deny contains finding.at(rego.metadata.rule(), path, [host]) if {
	count(input.rendered.Service) > 0 # without any, rendering failed, which is reported already
	some path, host in _claimed
	hosts := {each | some manifest in input.rendered.VirtualService; some each in manifest.spec.hosts}
	not host in hosts
}

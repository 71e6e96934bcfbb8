# METADATA
# title: One owner of a host
# description: >-
#   One VirtualService routes the cluster's host, and it takes no host but that and those of the
#   cluster's Services. Istio merges several objects for one host in no order that can be relied on.
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
# title: Two owners
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
# title: A host of something else
# custom:
#   message: VirtualService %s routes host %s, which is neither spec.host nor a Service of this cluster
#   solution: route spec.host and the cluster's Service alone; another host is for its own cluster
deny contains finding.of_object(
	rego.metadata.rule(), "VirtualService", manifest.metadata.name, ["spec", "hosts", k],
	[manifest.metadata.name, host],
) if {
	some manifest in input.rendered.VirtualService
	some k, host in manifest.spec.hosts
	not host in _own
}

# METADATA
# title: A host that nobody routes
# custom:
#   message: no VirtualService routes spec.host, which is %s
#   solution: let the cluster's VirtualService name spec.host among its hosts
deny contains finding.at(rego.metadata.rule(), ["spec", "host"], [host]) if {
	count(input.rendered.Service) > 0 # else nothing was rendered, which has a finding of its own
	host := input.new.spec.host
	hosts := {each | some manifest in input.rendered.VirtualService; some each in manifest.spec.hosts}
	not host in hosts
}

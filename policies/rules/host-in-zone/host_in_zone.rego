# METADATA
# title: Host in a zone of the organisation
# description: >-
#   Each host of a cluster is in one of the DNS zones that thresholds.organisation lists. The sidecars of
#   all namespaces follow the routes of a host, so a cluster with the host of another service, such as
#   sts.amazonaws.com, would get the requests of all pods to it. A zone that begins with {tenant} is that
#   of each tenant.
# related_resources:
#   - https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: host-in-zone
#   category: traffic
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.host_in_zone

import data.lockstep.lib.finding

checked if {
	is_string(input.new.spec.host)
	is_string(input.family.metadata.tenant)
	is_array(_patterns)
	every pattern in _patterns {
		is_string(pattern)
	}
	every further in object.get(input.new.spec, "hosts", []) {
		is_string(further)
	}
}

_patterns := data.thresholds.organisation.hosts

_zones := [zone |
	some pattern in _patterns
	zone := replace(lower(pattern), "{tenant}", input.family.metadata.tenant)
]

# The hosts of the spec by their paths.
_claimed[["spec", "host"]] := input.new.spec.host

_claimed[["spec", "hosts", i]] := host if some i, host in input.new.spec.hosts

# As DNS compares names: without regard to case or to the dot of the root, label by label.
_is_within(host, zone) if {
	name := trim_suffix(lower(host), ".")
	endswith(concat("", [".", name]), concat("", [".", zone]))

	# A wildcard would be the host of every other cluster in the zone, too.
	not contains(name, "*")
}

# METADATA
# title: Host outside the zones
# custom:
#   thresholds: [hosts]
#   message: host %s is not in one of the DNS zones %s
#   solution: >-
#     use a host in one of these zones, or have the zone added to the hosts in
#     policies/data/organisation.yaml
deny contains finding.at(rego.metadata.rule(), path, [host, _zones]) if {
	some path, host in _claimed
	every zone in _zones {
		not _is_within(host, zone)
	}
}

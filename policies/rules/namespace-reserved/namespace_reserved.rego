# METADATA
# title: Namespaces of the platform
# description: >-
#   No tenant has a namespace of Kubernetes, Istio, Argo CD or Prometheus, and no cluster runs in one where the
#   environment lists no tenants. An account that may write there can read the platform's Secrets and change what
#   it runs. The thresholds list such namespaces; those of Argo CD, of the Gateways and of
#   Prometheus are what environment.yaml says.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: namespace-reserved
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: true
package lockstep.rules.namespace_reserved

import data.lockstep.lib.finding
import data.lockstep.lib.tenants

checked if {
	is_array(_listed)
	is_string(input.environment.spec.argocd.namespace)
	is_array(object.get(input.environment.spec, ["network", "gatewayNamespaces"], []))
	is_array(input.environment.spec.regions)
	is_array(tenants.declared)
	every tenant in tenants.declared {
		is_string(tenant.name)
		is_array(tenant.namespaces)
	}
	every cluster in input.clusters {
		is_string(cluster.name)
		is_string(cluster.spec.namespace)
	}
}

_listed := data.thresholds.namespace_reserved.namespaces

# The listed ones, and those that the environment says are in use.
_platform := (({pattern | some pattern in _listed} | {input.environment.spec.argocd.namespace}) | _gateways) | _prometheus

_prometheus := {namespace | namespace := input.environment.spec.observability.namespace}

_gateways := {namespace |
	some region in input.environment.spec.regions
	some field in ["gateways", "optionalGateways"]
	some gateway in region[field]
	[namespace, _] := split(gateway, "/") # mesh has no namespace
} | {namespace | some namespace in input.environment.spec.network.gatewayNamespaces}

_is_reserved(namespace) if {
	some pattern in _platform
	glob.match(pattern, [], namespace)
}

# METADATA
# title: Tenant with a namespace of the platform
# custom:
#   thresholds: [namespaces]
#   message: tenant %s lists namespace %s, which belongs to the platform; reserved are %s
#   solution: give the tenant a namespace of its own
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants", i, "namespaces", j],
	[tenant.name, namespace, _platform],
) if {
	some i, tenant in tenants.declared
	some j, namespace in tenant.namespaces
	_is_reserved(namespace)
}

# METADATA
# title: Cluster in a namespace of the platform
# custom:
#   thresholds: [namespaces]
#   message: spec.namespace is %s, which belongs to the platform; reserved are %s
#   solution: run the cluster in a namespace for models
deny contains finding.of_cluster(
	rego.metadata.rule(), cluster.name, ["spec", "namespace"],
	[cluster.spec.namespace, _platform],
) if {
	count(tenants.declared) == 0 # with tenants, a cluster is in one of their namespaces
	some cluster in input.clusters
	_is_reserved(cluster.spec.namespace)
}

# METADATA
# title: A cluster that moves
# description: >-
#   A cluster that gets another name, namespace or region is made anew, because Kubernetes and Argo CD know
#   objects by these. Callers of its Service lose it, and its pods another cloud identity; the old objects go,
#   or stay behind. People have to approve that. It is not a mistake: the exit code stays as it is.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: cluster-moved
#   category: traffic
#   severity: approval
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: false
package lockstep.rules.cluster_moved

import data.lockstep.lib.cluster
import data.lockstep.lib.finding

checked if {
	cluster.past_is_known
	is_string(input.new.metadata.name)
	is_string(input.new.spec.namespace)
	is_string(input.new.spec.region)
}

# METADATA
# title: Another name
# custom:
#   message: cluster %s becomes %s; Argo CD makes all of its objects anew and deletes the old Application with its pods
#   solution: >-
#     add the cluster under its new name with a host of its own, remove the old one in a later change, and
#     move the host then; where it is renamed at once, confirm the deletion only when the new one is Healthy
deny contains finding.at(
	rego.metadata.rule(), ["metadata", "name"],
	[input.old.metadata.name, input.new.metadata.name],
) if {
	input.old.metadata.name != input.new.metadata.name
}

# METADATA
# title: Another namespace
# custom:
#   message: namespace %s becomes %s; all objects are made anew there, and the Service and the ServiceAccount get other names
#   solution: >-
#     have callers of the Service use the host, and the cloud trust the ServiceAccount of the new namespace,
#     before this is merged
deny contains finding.at(
	rego.metadata.rule(), ["spec", "namespace"],
	[input.old.spec.namespace, input.new.spec.namespace],
) if {
	input.old.spec.namespace != input.new.spec.namespace
}

# METADATA
# title: Another region
# custom:
#   message: region %s becomes %s; Argo CD deploys there, and leaves the old objects where they serve now
#   solution: >-
#     add a cluster for the new region, and remove the old one in a later change: then Argo CD deletes its
#     objects
deny contains finding.at(
	rego.metadata.rule(), ["spec", "region"],
	[input.old.spec.region, input.new.spec.region],
) if {
	input.old.spec.region != input.new.spec.region
}

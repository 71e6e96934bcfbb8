# METADATA
# title: Workload identity
# description: >-
#   Pods in production use a workload identity of their own at the cloud, and not a key that can be
#   stolen. spec.access.identity.principal is a principal of the given provider: an IAM role, a Google
#   service account or the client id of an Azure identity.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: workload-identity
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.workload_identity

import data.lockstep.lib.finding
import data.lockstep.lib.tier

checked if {
	is_string(input.name)
	is_object(input.new.spec)
	is_object(input.environment.spec)
}

_is_principal("aws", principal) if {
	regex.match(`^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$`, principal)
}

_is_principal("gcp", principal) if {
	regex.match(`^[a-z][a-z0-9-]*@[a-z][a-z0-9.-]*\.iam\.gserviceaccount\.com$`, principal)
}

_is_principal("azure", principal) if {
	regex.match(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`, principal)
}

# METADATA
# title: No identity
# custom:
#   message: cluster %s is in production and has no spec.access.identity
#   solution: create a cloud identity for the cluster, and set spec.access.identity
deny contains finding.at(rego.metadata.rule(), ["spec", "access", "identity"], [input.name]) if {
	tier.is_production
	not input.new.spec.access.identity
}

# METADATA
# title: Principal of another provider
# custom:
#   message: principal %s is not a principal of provider %s
#   solution: >-
#     write arn:aws:iam::<account>:role/<name> for aws, <name>@<project>.iam.gserviceaccount.com for
#     gcp, the client id for azure, or correct the provider
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "access", "identity", "principal"],
	[identity.principal, identity.provider],
) if {
	identity := input.new.spec.access.identity
	not _is_principal(identity.provider, identity.principal)
}

# METADATA
# title: No secret in git
# description: >-
#   No text of a cluster's spec, family defaults included, looks like a secret: git keeps it for
#   good, and everybody who clones it has it. What does is in thresholds.no_secret. The finding says
#   where it is and of what kind, and does not repeat it.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: no-secret
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: false
package lockstep.rules.no_secret

import data.lockstep.lib.finding
import data.lockstep.lib.secrets

checked if {
	is_object(input.new)
	secrets.are_defined
}

# METADATA
# title: A secret
# custom:
#   message: what stands at %s looks like %s
#   solution: >-
#     revoke it, for whoever reads git has it; keep the new one in the secret store, and name it in
#     spec.access.secrets
deny contains finding.at(rego.metadata.rule(), path, [secrets.where(path), kind]) if {
	some [path, kind] in secrets.found(input.new)
}

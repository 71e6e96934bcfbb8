# METADATA
# title: No secret in git
# description: >-
#   No text in a cluster's spec, family defaults included, looks like a secret by thresholds.no_secret.
#   Git keeps it forever, and everyone who clones the repository has it. The finding gives place and
#   kind of the secret and does not repeat it.
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
#   thresholds: [no_secret]
#   message: the text at %s looks like %s
#   solution: >-
#     revoke the secret, because everyone who can read git has it; put a new one in the secret store,
#     and reference it in spec.access.secrets
deny contains finding.at(rego.metadata.rule(), path, [secrets.where(path), kind]) if {
	some [path, kind] in secrets.found(input.new)
}

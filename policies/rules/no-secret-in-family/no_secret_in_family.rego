# METADATA
# title: No secret in family.yaml
# description: >-
#   No text in family.yaml looks like a secret by thresholds.no_secret. no-secret checks the defaults,
#   with each cluster that inherits them.
# schemas:
#   - input: schema.family
# custom:
#   short_name: no-secret-in-family
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: false
package lockstep.rules.no_secret_in_family

import data.lockstep.lib.finding
import data.lockstep.lib.secrets

checked if {
	is_object(input.family)
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
	some [path, kind] in secrets.found(input.family)
}

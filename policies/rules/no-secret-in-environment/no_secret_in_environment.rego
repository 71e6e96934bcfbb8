# METADATA
# title: No secret in environment.yaml
# description: >-
#   No text in environment.yaml looks like a secret by thresholds.no_secret.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: no-secret-in-environment
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: environment
#   blocksRevert: false
#   waivable: false
package lockstep.rules.no_secret_in_environment

import data.lockstep.lib.finding
import data.lockstep.lib.secrets

checked if {
	is_object(input.environment)
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
	some [path, kind] in secrets.found(input.environment)
}

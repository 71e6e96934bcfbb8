# METADATA
# title: Lawful basis
# description: >-
#   Who processes data about people says why that is lawful (Art. 6 GDPR). For special categories
#   not every basis will do (Art. 9): thresholds.lawful_basis lists those that will. Every cluster
#   in production says what its requests hold.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: lawful-basis
#   category: privacy
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: false
package lockstep.rules.lawful_basis

import data.lockstep.lib.finding
import data.lockstep.lib.privacy
import data.lockstep.lib.tier

checked if {
	is_string(input.name)
	is_object(input.new.spec)
	is_object(input.environment.spec)
	is_array(_special)
}

_special := data.thresholds.lawful_basis.special

# METADATA
# title: Nothing said about the data
# custom:
#   message: cluster %s does not give spec.privacy.data, and this environment is production
#   solution: >-
#     write what the requests hold about people: none, pseudonymous, personal or special
deny contains finding.at(rego.metadata.rule(), ["spec", "privacy", "data"], [input.name]) if {
	tier.is_production
	not input.new.spec.privacy.data
}

# METADATA
# title: No basis
# custom:
#   message: the requests hold %s data, and spec.privacy.lawfulBasis is not given
#   solution: ask who answers for data protection for the basis, and write it
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "data"],
	[input.new.spec.privacy.data],
) if {
	privacy.is_about_people
	not input.new.spec.privacy.lawfulBasis
}

# METADATA
# title: A basis that does not carry
# custom:
#   message: spec.privacy.lawfulBasis is %s, and special categories of data need one of %s
#   solution: rest the processing on one of these, or take the special categories out of the requests
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "lawfulBasis"],
	[basis, _special],
) if {
	privacy.is_special
	basis := input.new.spec.privacy.lawfulBasis
	not basis in _special
}

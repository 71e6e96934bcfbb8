# METADATA
# title: Lawful basis
# description: >-
#   Processing data about people needs a lawful basis (Art. 6 GDPR). Special categories of data allow
#   only some of them (Art. 9), which thresholds.lawful_basis lists. Every cluster in production says
#   what its requests contain.
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
# title: Class of data not given
# custom:
#   message: cluster %s is in production and has no spec.privacy.data
#   solution: >-
#     set spec.privacy.data to what the requests contain about people: none, pseudonymous, personal or
#     special
deny contains finding.at(rego.metadata.rule(), ["spec", "privacy", "data"], [input.name]) if {
	tier.is_production
	not input.new.spec.privacy.data
}

# METADATA
# title: No lawful basis
# custom:
#   message: the requests contain %s data, but spec.privacy.lawfulBasis is missing
#   solution: get the lawful basis from the data protection officer, and set spec.privacy.lawfulBasis
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "data"],
	[input.new.spec.privacy.data],
) if {
	privacy.is_about_people
	not input.new.spec.privacy.lawfulBasis
}

# METADATA
# title: Basis not accepted for special categories
# custom:
#   thresholds: [special]
#   message: spec.privacy.lawfulBasis is %s; special categories of data need one of %s
#   solution: use one of these bases, or remove the special categories from the requests
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "lawfulBasis"],
	[basis, _special],
) if {
	privacy.is_special
	basis := input.new.spec.privacy.lawfulBasis
	not basis in _special
}

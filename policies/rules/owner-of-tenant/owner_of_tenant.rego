# METADATA
# title: Owner within the organisation
# description: >-
#   The owner of a family is an address in one of the mail domains of thresholds.organisation, and
#   not a private mailbox, so that the responsible team can be reached. A sub-domain must be listed
#   itself.
# schemas:
#   - input: schema.family
# custom:
#   short_name: owner-of-tenant
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: family
#   blocksRevert: false
#   waivable: true
package lockstep.rules.owner_of_tenant

import data.lockstep.lib.finding

checked if {
	is_string(input.family.metadata.owner)
	count(_domains) > 0
	every domain in _domains {
		is_string(domain)
	}
}

_domains := data.thresholds.organisation.domains

# Domains are compared without regard to case. An address without a domain matches none.
_domain := lower(parts[count(parts) - 1]) if {
	parts := split(input.family.metadata.owner, "@")
}

# METADATA
# title: Owner outside the organisation
# custom:
#   thresholds: [domains]
#   message: metadata.owner is %s, which is not in one of the mail domains %s
#   solution: set metadata.owner to the organisation's address of the team that owns the family
deny contains finding.at(
	rego.metadata.rule(),
	["metadata", "owner"],
	[input.family.metadata.owner, _domains],
) if {
	not _domain in {lower(domain) | some domain in _domains}
}

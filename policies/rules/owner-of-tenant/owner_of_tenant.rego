# METADATA
# title: An owner who answers
# description: >-
#   The owner of a family is an address in one of the mail domains of thresholds.owner_of_tenant, so
#   that whoever answers for the tenant's model is reached, and is no private mailbox. A sub-domain
#   counts where it is listed itself.
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

_domains := data.thresholds.owner_of_tenant.domains

# Domains know no case. What has no domain has none that is listed.
_domain := lower(parts[count(parts) - 1]) if {
	parts := split(input.family.metadata.owner, "@")
}

# METADATA
# title: An owner from elsewhere
# custom:
#   message: metadata.owner is %s, and owners have an address in one of the domains %s
#   solution: name the team that answers for the family, by its address in the organisation
deny contains finding.at(
	rego.metadata.rule(),
	["metadata", "owner"],
	[input.family.metadata.owner, _domains],
) if {
	not _domain in {lower(domain) | some domain in _domains}
}

# METADATA
# title: Bounded budgets
# description: >-
#   A starting point, to be replaced. No tenant of an environment has a budget above 10000, since a
#   larger one is for another environment.
# schemas:
#   - input: schema.environment
# custom:
#   short_name: RULE
#   category: CATEGORY
#   # error denies a change; warning only reports.
#   severity: error
#   since: SINCE
#   # What one evaluation sees: a cluster, a family or an environment.
#   scope: environment
#   # true stops rollbacks, too: only for what is worse than a bad version that stays live.
#   blocksRevert: false
#   # Whether an entry in policies/data/waivers/ may accept a finding for a while.
#   waivable: true
#   # A rule that looks at manifests lists their kinds, which are then in input.rendered:
#   # reads: [Deployment, Service]
package lockstep.rules.PACKAGE

import data.lockstep.lib.finding
import data.lockstep.lib.tenants

# True only where all that the rule reads is there. Where it is not, the check fails: a rule that
# could not be evaluated must not look like one that found nothing.
checked if {
	is_array(tenants.declared)
	every tenant in tenants.declared {
		is_string(tenant.name)
		is_number(object.get(tenant, "budget", 0))
	}
}

# A number that others may want to change belongs in thresholds.yaml; see docs/how-to/own-rules.md.
_most := 10000

# Each deny has a title, a message and a solution. Each %s of the message is filled, in this order,
# with one of the values of the list; a message has at least one, so that it names what was found.
# METADATA
# title: A large budget
# custom:
#   message: the budget of tenant %s is %s, and at most %s are allowed
#   solution: lower the budget of the tenant
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "tenants", i, "budget"],
	[tenant.name, tenant.budget, _most],
) if {
	some i, tenant in tenants.declared
	tenant.budget > _most
}

# METADATA
# title: Few retries
# description: >-
#   A starting point, to be replaced. A failed request gets at most three further tries, because each
#   of them adds to the load of a cluster that is overloaded already.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: RULE
#   category: CATEGORY
#   # error denies a change; warning only reports.
#   severity: error
#   since: SINCE
#   # What one evaluation sees: a cluster, a family or an environment.
#   scope: cluster
#   # true stops rollbacks, too: only for what is worse than a bad version that stays live.
#   blocksRevert: false
#   # Whether an entry in policies/data/waivers/ may accept a finding for a while.
#   waivable: true
#   # A rule that looks at manifests lists their kinds, which are then in input.rendered:
#   # reads: [Deployment, Service]
package lockstep.rules.PACKAGE

import data.lockstep.lib.cluster
import data.lockstep.lib.finding

# True only where all that the rule reads is there. Where it is not, the check fails: a rule that
# could not be evaluated must not look like one that found nothing.
checked if cluster.readable

# A number that others may want to change belongs in thresholds.yaml; see docs/how-to/own-rules.md.
_most := 3

# Each deny has a title, a message and a solution. Each %s of the message is filled, in this order,
# with one of the values of the list; a message has at least one, so that it names what was found.
# METADATA
# title: Too many retries
# custom:
#   message: a failed request is retried %s times, and at most %s are allowed
#   solution: lower spec.traffic.retries.attempts
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "traffic", "retries", "attempts"],
	[attempts, _most],
) if {
	attempts := input.new.spec.traffic.retries.attempts
	attempts > _most
}

# METADATA
# title: Human review
# description: >-
#   A person can ask for a human review of an automated decision (Art. 22 (3) GDPR), and
#   spec.privacy.humanReview names the team that does it. The rule includes pseudonymous data, because
#   the decision still affects a person.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: human-review
#   category: privacy
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: false
package lockstep.rules.human_review

import data.lockstep.lib.finding
import data.lockstep.lib.privacy

checked if is_object(input.new.spec)

# METADATA
# title: No team for reviews
# custom:
#   message: >-
#     spec.privacy.automatedDecision is %s on %s data, but spec.privacy.humanReview is missing
#   solution: set spec.privacy.humanReview to the e-mail address of the team that reviews decisions
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "automatedDecision"],
	[true, input.new.spec.privacy.data],
) if {
	privacy.decides_alone
	privacy.is_about_people
	not input.new.spec.privacy.humanReview
}

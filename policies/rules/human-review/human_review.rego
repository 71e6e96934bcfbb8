# METADATA
# title: Human review
# description: >-
#   Where an answer decides about a person without a human, the person can ask for a human to review
#   it (Art. 22 (3) GDPR). spec.privacy.humanReview says which team does. A pseudonym hides nobody from
#   the decision.
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
# title: Nobody to ask
# custom:
#   message: >-
#     spec.privacy.automatedDecision is %s on %s data, and spec.privacy.humanReview is not given
#   solution: name the team that reviews decisions, as its e-mail address, in spec.privacy.humanReview
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "automatedDecision"],
	[true, input.new.spec.privacy.data],
) if {
	privacy.decides_alone
	privacy.is_about_people
	not input.new.spec.privacy.humanReview
}

# METADATA
# title: Explainability
# description: >-
#   An automated decision about a person can be explained to that person, by a method that
#   thresholds.explainability accepts. Fewer methods are accepted for regulated segments
#   (Art. 13 (2) f and Art. 15 (1) h GDPR).
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: explainability
#   category: privacy
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.explainability

import data.lockstep.lib.finding
import data.lockstep.lib.privacy

checked if {
	is_object(input.new.spec)
	is_array(_thresholds.accepted)
	is_array(_thresholds.regulated)
}

_thresholds := data.thresholds.explainability

_accepted := _thresholds.regulated if {
	privacy.is_regulated
} else := _thresholds.accepted

# METADATA
# title: No explanation
# custom:
#   message: spec.privacy.automatedDecision is %s, but spec.privacy.explainability is missing
#   solution: set spec.privacy.explainability to the method that explains a decision
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "automatedDecision"],
	[true],
) if {
	privacy.decides_alone
	not input.new.spec.privacy.explainability
}

# METADATA
# title: A method that is not accepted
# custom:
#   thresholds: [accepted, regulated]
#   message: spec.privacy.explainability is %s; accepted methods for this segment are %s
#   solution: use one of the accepted methods to explain decisions
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "explainability"],
	[method, _accepted],
) if {
	privacy.decides_alone
	method := input.new.spec.privacy.explainability
	not method in _accepted
}

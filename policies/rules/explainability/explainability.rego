# METADATA
# title: Explainability
# description: >-
#   A decision about a person that no human makes can be explained to that person, by a method that
#   thresholds.explainability accepts: for segments that a regulator watches over, by one of fewer
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
#   message: spec.privacy.automatedDecision is %s, and spec.privacy.explainability is not given
#   solution: write how a decision is explained in spec.privacy.explainability
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
#   message: spec.privacy.explainability is %s, and what is accepted here is %s
#   solution: explain decisions by one of the accepted methods
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "explainability"],
	[method, _accepted],
) if {
	privacy.decides_alone
	method := input.new.spec.privacy.explainability
	not method in _accepted
}

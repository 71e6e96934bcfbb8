# METADATA
# title: Retention
# description: >-
#   Requests and answers about people have a retention time, which is not longer than
#   thresholds.retention allows for their class of data (Art. 5 (1) e GDPR).
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: retention
#   category: privacy
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.retention

import data.lockstep.lib.finding
import data.lockstep.lib.privacy

checked if {
	is_object(input.new.spec)
	every class in ["pseudonymous", "personal", "special"] {
		is_number(_max_days[class])
	}
}

_max_days := data.thresholds.retention.maxDays

# METADATA
# title: No retention time
# custom:
#   message: the requests contain %s data, but spec.privacy.retention is missing
#   solution: set spec.privacy.retention to how long requests and answers are kept, such as 30d
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "data"],
	[input.new.spec.privacy.data],
) if {
	privacy.is_about_people
	not input.new.spec.privacy.retention
}

# METADATA
# title: Kept too long
# custom:
#   thresholds: [maxDays]
#   message: spec.privacy.retention is %s; %s data may be kept for at most %s days
#   solution: shorten the retention, or remove data about people from the requests
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "privacy", "retention"],
	[retention, input.new.spec.privacy.data, longest],
) if {
	longest := _max_days[input.new.spec.privacy.data]
	retention := input.new.spec.privacy.retention
	to_number(trim_suffix(retention, "d")) > longest
}

# METADATA
# title: Model card
# description: >-
#   Every version in production has a model card where decisions are automated, the data are special
#   or the segment is regulated. The registry has the card's SHA-256 in the version's tag
#   model_card.digest, so that a change of the card is noticed. version-locked reports a version
#   without a lock.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: model-card
#   category: privacy
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.model_card

import data.lockstep.lib.cluster
import data.lockstep.lib.finding
import data.lockstep.lib.privacy
import data.lockstep.lib.tier

checked if {
	cluster.readable
	is_object(input.locks)
	is_object(input.environment.spec)
}

_tag := "model_card.digest"

_reasons contains "automated decisions" if privacy.decides_alone

_reasons contains "special data" if privacy.is_special

_reasons contains "a regulated segment" if privacy.is_regulated

# METADATA
# title: No model card
# custom:
#   message: version %s has no tag model_card.digest, which is required for %s
#   solution: set this tag to the digest of the version's model card, and run lockstep lock
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "version"],
	[variant.version, _reasons],
) if {
	tier.is_production
	count(_reasons) > 0
	some i, variant in input.new.spec.variants
	tags := input.locks[variant.version].facts.tags
	not _tag in object.keys(tags)
}

# METADATA
# title: Malformed digest of a model card
# custom:
#   message: the tag model_card.digest of version %s is %s, which is not a SHA-256 digest
#   solution: >-
#     set the tag to sha256:<64 hexadecimal digits> of the model card, and run lockstep lock
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "version"],
	[variant.version, digest],
) if {
	count(_reasons) > 0
	some i, variant in input.new.spec.variants
	digest := input.locks[variant.version].facts.tags[_tag]
	not regex.match(`^sha256:[0-9a-f]{64}$`, digest)
}

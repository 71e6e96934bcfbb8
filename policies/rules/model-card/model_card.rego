# METADATA
# title: Model card
# description: >-
#   Where the answer decides about people, the data are special or the segment is regulated, every
#   version in production has a model card: the registry holds its SHA-256 in the version's tag
#   model_card.digest, so that nobody can change the card unnoticed. A version without a lock is for
#   another rule.
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

_why contains "automated decisions" if privacy.decides_alone

_why contains "special data" if privacy.is_special

_why contains "a regulated segment" if privacy.is_regulated

# METADATA
# title: No model card
# custom:
#   message: version %s has no tag model_card.digest, which %s ask for
#   solution: log the digest of the version's model card as that tag, and run lockstep lock
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "version"],
	[variant.version, _why],
) if {
	tier.is_production
	count(_why) > 0
	some i, variant in input.new.spec.variants
	tags := input.locks[variant.version].facts.tags
	not _tag in object.keys(tags)
}

# METADATA
# title: No digest of a model card
# custom:
#   message: the tag model_card.digest of version %s is %s, and no SHA-256
#   solution: >-
#     write the tag as sha256:<64 hexadecimal digits> of the model card, and run lockstep lock
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "variants", i, "version"],
	[variant.version, digest],
) if {
	count(_why) > 0
	some i, variant in input.new.spec.variants
	digest := input.locks[variant.version].facts.tags[_tag]
	not regex.match(`^sha256:[0-9a-f]{64}$`, digest)
}

# METADATA
# title: Image by digest
# description: >-
#   The serving image is referenced by digest, not by tag. A tag can be moved, and then the same commit
#   would run different code after the next restart.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: image-by-digest
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.image_by_digest

import data.lockstep.lib.finding

checked if is_string(input.new.spec.serving.image)

# METADATA
# title: Image without digest
# custom:
#   message: image %s is not referenced by digest
#   solution: write the image as name@sha256:<64 hexadecimal digits>
deny contains finding.at(rego.metadata.rule(), ["spec", "serving", "image"], [image]) if {
	image := input.new.spec.serving.image
	not regex.match(`^[^@\s]+@sha256:[0-9a-f]{64}$`, image)
}

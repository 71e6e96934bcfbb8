# METADATA
# title: Image by digest
# description: >-
#   The serving image is referenced by digest, not by tag, and so is that of every other container that
#   is rendered. A tag can be moved, and then the same commit would run different code after the next
#   restart.
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
#   reads: [Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob]
package lockstep.rules.image_by_digest

import data.lockstep.lib.finding
import data.lockstep.lib.pods

checked if {
	is_string(input.new.spec.serving.image)
	pods.readable
}

_has_digest(image) if regex.match(`^[^@\s]+@sha256:[0-9a-f]{64}$`, image)

# METADATA
# title: Image without digest
# custom:
#   message: image %s is not referenced by digest
#   solution: write the image as name@sha256:<64 hexadecimal digits>
deny contains finding.at(rego.metadata.rule(), ["spec", "serving", "image"], [image]) if {
	image := input.new.spec.serving.image
	not _has_digest(image)
}

# METADATA
# title: Another container without digest
# custom:
#   message: image %s of container %s is not referenced by digest
#   solution: write the image where it is named as name@sha256:<64 hexadecimal digits>
deny contains finding.of_object(
	rego.metadata.rule(), container.kind, container.name, array.concat(container.path, ["image"]),
	[image, object.get(container.spec, "name", "")],
) if {
	some container in pods.added
	image := object.get(container.spec, "image", "")
	not _has_digest(image)
}

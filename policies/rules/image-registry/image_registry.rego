# METADATA
# title: Registry of the image
# description: >-
#   Images come from a registry that thresholds.organisation lists: one that the organisation scans
#   and keeps available. That counts for every container that is rendered, too. An image without a host
#   comes from Docker Hub, docker.io.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: image-registry
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
#   reads: [Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob]
package lockstep.rules.image_registry

import data.lockstep.lib.finding
import data.lockstep.lib.pods

checked if {
	is_string(input.new.spec.serving.image)
	is_array(_registries)
	pods.readable
}

_registries := data.thresholds.organisation.registries

# https://github.com/distribution/reference: the first part is a host only if it looks like one.
_has_host(parts) if {
	count(parts) > 1
	regex.match(`[.:A-Z]|^localhost$`, parts[0])
}

# With its host.
_full(image) := image if _has_host(split(image, "/"))

_full(image) := concat("/", ["docker.io", image]) if {
	parts := split(image, "/")
	not _has_host(parts)
	count(parts) > 1
}

_full(image) := concat("/", ["docker.io/library", image]) if count(split(image, "/")) == 1

_is_allowed(full) if {
	some registry in _registries
	startswith(full, concat("", [registry, "/"]))
	not ".." in split(full, "/")
}

# METADATA
# title: Image from another registry
# custom:
#   thresholds: [registries]
#   message: the image is %s; allowed registries are %s
#   solution: copy the image to one of these registries, and reference it there
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "image"],
	[full, _registries],
) if {
	full := _full(input.new.spec.serving.image)
	not _is_allowed(full)
}

# METADATA
# title: Another container from another registry
# custom:
#   thresholds: [registries]
#   message: the image of container %s is %s; allowed registries are %s
#   solution: copy the image to one of these registries, and name it there
deny contains finding.of_object(
	rego.metadata.rule(), container.kind, container.name, array.concat(container.path, ["image"]),
	[object.get(container.spec, "name", ""), full, _registries],
) if {
	some container in pods.added
	full := _full(object.get(container.spec, "image", ""))
	not _is_allowed(full)
}

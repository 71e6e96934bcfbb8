# METADATA
# title: Registry of the image
# description: >-
#   Images come from a registry that thresholds.image_registry lists: one that the organisation scans
#   and keeps available. An image without a host comes from Docker Hub, docker.io.
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
package lockstep.rules.image_registry

import data.lockstep.lib.finding

checked if {
	is_string(input.new.spec.serving.image)
	is_array(_registries)
}

_registries := data.thresholds.image_registry.registries

_parts := split(input.new.spec.serving.image, "/")

# https://github.com/distribution/reference: the first part is a host only if it looks like one.
_has_host if {
	count(_parts) > 1
	regex.match(`[.:A-Z]|^localhost$`, _parts[0])
}

_full := input.new.spec.serving.image if _has_host

_full := concat("/", ["docker.io", input.new.spec.serving.image]) if {
	not _has_host
	count(_parts) > 1
}

_full := concat("/", ["docker.io/library", input.new.spec.serving.image]) if count(_parts) == 1

_is_allowed if {
	some registry in _registries
	startswith(_full, concat("", [registry, "/"]))
	not ".." in _parts
}

# METADATA
# title: Image from another registry
# custom:
#   message: the image is %s; allowed registries are %s
#   solution: copy the image to one of these registries, and reference it there
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "image"],
	[_full, _registries],
) if {
	not _is_allowed
}

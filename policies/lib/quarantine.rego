# METADATA
# title: Quarantine
# description: Which versions of the family's model are in quarantine.
package lockstep.lib.quarantine

# METADATA
# title: Holds
# description: >-
#   Whether an entry is about a version: by the content that the version's lock tells, or by its
#   name and number in the registry.
holds(entry, version) if entry.digest == input.locks[version].identity.digest

holds(entry, version) if {
	entry.version == version
	entry.model == input.family.spec.model.name
	entry.registry == input.family.spec.model.registry
}

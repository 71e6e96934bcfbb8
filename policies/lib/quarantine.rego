# METADATA
# title: Quarantine
# description: Which versions of the family's model are in quarantine.
package lockstep.lib.quarantine

# METADATA
# title: Applies to
# description: >-
#   Whether an entry applies to a version: by the content digest in the version's lock, or by model
#   and version number in the registry. The digest counts because the same content can be registered
#   again under another number. Where the entry is of an environment with a registry of its own, its
#   number means nothing here, and the digest alone counts.
applies_to(entry, version) if entry.digest == input.locks[version].identity.digest

applies_to(entry, version) if {
	not entry.otherRegistry
	entry.version == version
	entry.model == input.family.spec.model.name
	entry.registry == input.family.spec.model.registry
}

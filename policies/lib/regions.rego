# METADATA
# title: Regions
# description: The regions of the environment.
package lockstep.lib.regions

# METADATA
# title: Jurisdictions
# description: >-
#   The jurisdictions of each region, by its name. A region has several only where the environment
#   lists it more than once; an unknown region has none.
jurisdictions := prepared if {
	prepared := input.prepared.jurisdictions
} else := by_name

# METADATA
# title: Readable
# description: Whether every region of the environment has a name and a jurisdiction.
are_readable if jurisdictions

# METADATA
# title: Jurisdictions by name
# description: The same, from the environment's document. Undefined where a region is not readable.
by_name := {name: found | some name, found in _by_name} if {
	every region in input.environment.spec.regions {
		is_string(region.name)
		is_string(region.jurisdiction)
	}
}

_by_name[region.name] contains region.jurisdiction if some region in input.environment.spec.regions

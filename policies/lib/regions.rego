# METADATA
# title: Regions
# description: The regions of the environment, computed once per evaluation.
package lockstep.lib.regions

# METADATA
# title: Jurisdictions
# description: >-
#   The jurisdictions of each region, by its name. A region has several only where the environment
#   lists it more than once; an unknown region has none.
jurisdictions[region.name] contains region.jurisdiction if {
	some region in input.environment.spec.regions
}

# METADATA
# title: Readable
# description: Whether every region of the environment has a name and a jurisdiction.
are_readable if {
	every region in input.environment.spec.regions {
		is_string(region.name)
		is_string(region.jurisdiction)
	}
}

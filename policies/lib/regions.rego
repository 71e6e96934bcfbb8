# METADATA
# title: Regions
# description: What the environment says about its regions, worked out once per evaluation.
package lockstep.lib.regions

# METADATA
# title: Jurisdictions
# description: >-
#   The jurisdictions of each region, by its name: one, where the environment lists it once. A
#   region that the environment does not have is not among them.
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

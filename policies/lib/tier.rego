# METADATA
# title: Tier of the environment
# description: >-
#   How much depends on the environment at hand. One that does not say is production, and one that was
#   production is that for the change that ends it: no change takes away what it is judged by.
package lockstep.lib.tier

# METADATA
# title: Is production
# description: Whether everything must be there that production asks for.
is_production if _asks_most(input.environment)

is_production if _asks_most(input.environment_before)

_asks_most(environment) if {
	is_object(environment.spec)
	object.get(environment.spec, "tier", "production") == "production"
}

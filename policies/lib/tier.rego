# METADATA
# title: Tier of the environment
# description: How much depends on the environment at hand. One that does not say is production.
package lockstep.lib.tier

# METADATA
# title: Is production
# description: Whether everything must be there that production asks for.
is_production if object.get(input.environment.spec, "tier", "production") == "production"

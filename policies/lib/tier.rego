# METADATA
# title: Tier of the environment
# description: >-
#   Whether the environment is production. An environment that sets no tier is production. One that
#   was production before the change still counts as such, so that a change cannot lift the rules that
#   it is checked by.
package lockstep.lib.tier

# METADATA
# title: Is production
# description: Whether the requirements for production apply.
is_production if _has_tier_production(input.environment)

is_production if _has_tier_production(input.environment_before)

_has_tier_production(environment) if {
	is_object(environment.spec)
	object.get(environment.spec, "tier", "production") == "production"
}

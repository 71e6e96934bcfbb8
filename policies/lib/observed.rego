# METADATA
# title: How an environment is observed
# description: >-
#   Which parts of spec.observability an environment has: what is rendered for alerts, dashboards and
#   on-call routes depends on them.
package lockstep.lib.observed

# METADATA
# title: Is readable
# description: Whether spec.observability is missing or an object.
is_readable if is_object(object.get(input.environment.spec, "observability", {}))

# METADATA
# title: Is declared
# description: Whether the environment says at all how it is observed.
is_declared if is_object(input.environment.spec.observability)

# METADATA
# title: Has a part
# description: Whether it has the part with that name, like destination or alertmanager.
has(part) if is_object(input.environment.spec.observability[part])

has(part) if is_string(input.environment.spec.observability[part])

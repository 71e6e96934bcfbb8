# METADATA
# title: Findings
# description: The only place that builds a finding, so that all of them have one shape.
package lockstep.lib.finding

_longest := 160

# METADATA
# title: Finding at a place
# description: >-
#   A finding about the value at `path` (keys and indexes from the document's root). `rule` is what
#   `rego.metadata.rule()` gives; the `%s` of its `custom.message` are filled with `values`, which
#   are shown as JSON and shortened, so that no value can forge a line of a report.
at(rule, path, values) := {
	"message": sprintf(rule.custom.message, [shown(value) | some value in values]),
	"fix": rule.custom.solution,
	"pointer": concat("", [sprintf("/%v", [part]) | some part in path]),
}

# METADATA
# title: Finding of a family rule
# description: The same, about a value in the document of the cluster with that name.
of_cluster(rule, name, path, values) := object.union(at(rule, path, values), {"cluster": name})

# METADATA
# title: A value as text
# description: JSON, because it escapes control characters; cut where it gets long.
shown(value) := text if {
	text := json.marshal(value)
	count(text) <= _longest
}

shown(value) := concat("", [substring(text, 0, _longest), "…"]) if {
	text := json.marshal(value)
	count(text) > _longest
}

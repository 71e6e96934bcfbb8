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
	"pointer": _pointer(path),
}

_pointer(path) := concat("", [sprintf("/%v", [_escaped(part)]) | some part in path])

# RFC 6901: a key may hold a slash.
_escaped(part) := replace(replace(part, "~", "~0"), "/", "~1") if is_string(part)

_escaped(part) := part if is_number(part)

# METADATA
# title: Finding of a family rule
# description: The same, about a value in the document of the cluster with that name.
of_cluster(rule, name, path, values) := object.union(at(rule, path, values), {"cluster": name})

# METADATA
# title: Finding about several clusters
# description: >-
#   At the first of the clusters, which are in the order of their names; the others are named as
#   places that are involved.
of_clusters(rule, names, path, values) := with_others(
	of_cluster(rule, names[0], path, values),
	[{"cluster": name, "path": path, "note": "involved"} |
		some name in array.slice(names, 1, count(names))
	],
)

# METADATA
# title: Places that are involved too
# description: >-
#   The finding with further places: `cluster` (its name), `path` in its document and a `note`.
with_others(finding, places) := object.union(finding, {"also": [other |
	some place in places
	other := {
		"cluster": place.cluster,
		"pointer": _pointer(place.path),
		"note": place.note,
	}
]})

# METADATA
# title: Finding in the family's file
# description: What a rule of scope cluster finds in family.yaml, at `path` from its root.
in_family(rule, path, values) := object.union(at(rule, path, values), {"document": "family"})

# METADATA
# title: Finding in a lock
# description: At `path` from the root of the lock of a version.
at_lock(rule, version, path, values) := object.union(at(rule, path, values), {"lock": version})

# METADATA
# title: Finding in a rendered object
# description: >-
#   About the value at `path` of the object with that kind and name; reported at the line of the
#   spec or of the template that wrote the value.
of_object(rule, kind, name, path, values) := object.union(
	at(rule, path, values),
	{"object": {"kind": kind, "name": name}},
)

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

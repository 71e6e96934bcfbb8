# METADATA
# title: Findings
# description: The only place that builds a finding, so that all findings have the same fields.
package lockstep.lib.finding

_longest := 160

# METADATA
# title: Most places
# description: >-
#   How many other clusters or families one finding names. Where a rule can find something in each of
#   many clusters, a list of all others in each finding would grow with their square. A text of so many
#   names is longer than `shown` shows.
most := 50

# METADATA
# title: The first of many
# description: The first `most` members of an array or a set, in the order of `sort`.
first(members) := array.slice(sort(members), 0, most)

# METADATA
# title: Finding at a place
# description: >-
#   A finding about the value at `path` (keys and indexes from the document's root). `rule` is the
#   result of `rego.metadata.rule()`; each `%s` of its `custom.message` is filled with one of `values`.
#   Values are shown as JSON and shortened, so that none can forge a line of a report. The
#   thresholds that decided are listed in `custom.thresholds`: the finding shows where they are.
at(rule, path, values) := object.union(
	{
		"message": sprintf(rule.custom.message, [shown(value) | some value in values]),
		"fix": rule.custom.solution,
		"pointer": _pointer(path),
	},
	object.filter(rule.custom, ["thresholds"]),
)

_pointer(path) := concat("", [sprintf("/%v", [_escaped(part)]) | some part in path])

# RFC 6901: a key may contain a slash.
_escaped(part) := replace(replace(part, "~", "~0"), "/", "~1") if is_string(part)

_escaped(part) := part if is_number(part)

# METADATA
# title: Finding of a family rule
# description: The same, about a value in the document of the cluster with that name.
of_cluster(rule, name, path, values) := object.union(at(rule, path, values), {"cluster": name})

# METADATA
# title: Finding about several clusters
# description: >-
#   At the first of the clusters, which are sorted by name; the others are listed as related places.
of_clusters(rule, names, path, values) := with_others(
	of_cluster(rule, names[0], path, values),
	[{"cluster": name, "path": path, "note": "involved"} |
		some name in array.slice(names, 1, count(names))
	],
)

# METADATA
# title: Related places
# description: >-
#   The finding with related places: `cluster` (its name), `path` in its document and a `note`.
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
# description: A finding of a rule of scope cluster in family.yaml, at `path` from its root.
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
# description: As JSON, which escapes control characters, and cut after 160 characters.
shown(value) := _cut(json.marshal(value))

_cut(text) := text if count(text) <= _longest

_cut(text) := concat("", [substring(text, 0, _longest), "…"]) if count(text) > _longest

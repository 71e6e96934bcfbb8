# METADATA
# title: Batch entry point
# description: >-
#   The one rule that Lockstep queries. It takes a batch of specs, evaluates the requested rules on
#   each of them with an input of its own, and answers for each spec which rules were evaluated and
#   what they found.
#
#   The batch holds `rules` (names of the rules to evaluate, by scope: `cluster`, `family` or
#   `environment`), `time`, `environments`, `environments_before` and `families` (what many specs
#   share, once each), `clusters` (the document of each cluster as it is and as it was), `tenancies` (a
#   summary of all clusters of an environment) and `items`, which refer to these by their keys.
#
#   An item of scope `cluster` sees `input.name`, `input.new`, `input.old` (null for a cluster that
#   is new) and `input.rendered` (manifests by kind); one of scope `family` sees `input.clusters`, a
#   list of such clusters, `input.removed`, those that were removed, and `input.complete`: false where a
#   cluster is left out because its file is malformed. Both see `input.family` and
#   `input.family_before` (documents), `input.variants_before` (of each cluster as it was),
#   `input.locks` (by version), `input.quarantine` (entries in force), `input.predecessor` (the
#   `environment` before this one, and the digests that the family has `verified` there and not rolled
#   back since; null where it has no such family), `input.freezes` (those in force) and `input.rollout` (phase, wave, step, verified, adopted, diverged, skewBreached). One of
#   scope `environment` sees `input.families` (with the datasets of their versions, and the dashboards that
#   they name, each with the first cluster that does), `input.clusters` (tenant, family and the part of the
#   spec that costs, claims something or feeds others), and `input.elsewhere` (clusters of other
#   environments with an identity that is used here).
#   All see `input.environment` and `input.environment_before` (documents) and `input.time` (now, to
#   the hour, and today; UTC). `input.prepared` is for policies/lib alone (see lib/prepared.rego).
# custom:
#   input: 2
package lockstep

import data.lockstep.lib.prepared

# METADATA
# title: Answers
# description: One answer per item, in the order of the items; none for an item without its data.
# entrypoint: true
answers := [answer |
	some item in input.items
	view := _view(item)
	answer := _answer with input as view
]

_view(item) := object.union(
	_shared(item),
	object.union({"id": item.id, "rules": input.rules.cluster}, _pair(item.clusters[0])),
) if {
	item.scope == "cluster"
}

_view(item) := object.union(
	_shared(item),
	{
		"id": item.id,
		"rules": input.rules.family,
		"clusters": [_pair(id) | some id in item.clusters],
	},
) if {
	item.scope == "family"
}

_view(item) := object.union(
	object.union(input.tenancies[item.environment], _surroundings(item)),
	{"id": item.id, "rules": input.rules.environment},
) if {
	item.scope == "environment"
}

_shared(item) := object.union_n([
	input.families[item.family],
	_surroundings(item),
	{"prepared": object.union(_for_environment(item.environment), _for_family(item.family))},
])

# Once for each environment and family of a batch: OPA keeps the result of a function by its arguments,
# and `with input` makes it forget all that was computed for the items.
_for_environment(name) := values if {
	document := input.environments[name]
	values := prepared.environment with input as {"environment": document}
}

_for_family(folder) := values if {
	facts := input.families[folder]
	values := prepared.family with input as facts
}

_surroundings(item) := {
	"environment": input.environments[item.environment],
	"environment_before": input.environments_before[item.environment],
	"time": input.time,
}

# A cluster that did not change is sent once.
_pair(id) := object.union(input.clusters[id], {"old": input.clusters[id].new}) if {
	input.clusters[id].unchanged
}

_pair(id) := input.clusters[id] if not input.clusters[id].unchanged

_answer := {
	"id": input.id,
	"evaluated": [name | some name, _ in _results],
	"findings": [object.union(finding, {"rule": name}) |
		some name, denials in _results
		some finding in denials
	],
}

# A rule counts as evaluated when its package defines both `deny` (a set, empty or not) and `checked`
# (everything that the rule reads was there). A package that does not exist, or a value that is
# missing, leaves the rule out of `evaluated`. Lockstep reports that as an error, so that a typo
# never looks like a pass.
_results := {name: denials |
	some name in input.rules
	data.lockstep.rules[name].checked == true
	denials := data.lockstep.rules[name].deny
	is_set(denials)
}

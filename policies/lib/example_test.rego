# METADATA
# title: Example inputs
# description: A sound cluster and a sound family for the tests of rules, and ways to change them.
package lockstep.lib.example_test

digest := concat("", ["sha256:", concat("", ["a" | some _ in numbers.range(1, 64)])])

stable := {"name": "stable", "version": "41", "weight": 100}

shared := {
	"environment": {"spec": {"regions": [
		{"name": "ap-south-1", "jurisdiction": "IN"},
		{"name": "us-east-1", "jurisdiction": "US"},
		{"name": "eu-west-1", "jurisdiction": "EU"},
		{"name": "eu-central-1", "jurisdiction": "EU"},
		{"name": "eu-west-2", "jurisdiction": "UK"},
	]}},
	"family": {"spec": {
		"model": {"registry": "mlflow", "name": "fraud"},
		"consistency": {"maxVersionSkew": 1},
		"rollout": {
			"waves": [["ap-south-1"], ["us-east-1"], ["eu-west-1"]],
			"steps": [{"weight": 1}, {"weight": 10}, {"weight": 50}, {"weight": 100}],
		},
	}},
	"locks": {version: lock(version) | some version in ["41", "42"]},
	"quarantine": [],
	"rollout": {"phase": "steady", "verified": ["41"], "adopted": false},
}

lock(version) := {
	"identity": {"registry": "mlflow", "model": "fraud", "version": version, "digest": digest},
	"facts": {"archived": false},
}

document(region, variants) := {"spec": {
	"region": region,
	"residency": ["EU"],
	"serving": {"image": concat("@", ["registry.example.com/ml/server", digest])},
	"variants": variants,
}}

# A cluster in the EU that did not change.
cluster := with_variants([stable])

# The same with other variants, and none before: a new cluster.
with_variants(variants) := object.union(
	shared,
	{"old": null, "new": document("eu-west-1", variants)},
)

# A change of that cluster's variants.
change(old, new) := object.union(
	shared,
	{"old": document("eu-west-1", old), "new": document("eu-west-1", new)},
)

# A family in three regions: for each region the variants before (null: no cluster) and now.
family(pairs) := object.union(shared, {"clusters": [pair |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
	pair := {
		"name": concat("-", ["fraud", region]),
		"old": _before(region, pairs[region][0]),
		"new": document(region, pairs[region][1]),
	}
]})

_before(_, null) := null

_before(region, variants) := document(region, variants) if variants != null

# The same input with one value replaced, or without it.
put(value, path, other) := json.patch(value, [{"op": "add", "path": path, "value": other}])

without(value, path) := json.remove(value, [path])

# The form of a rollout's step: `weight` percent for the candidate.
step(weight) := [
	{"name": "stable", "version": "41", "weight": 100 - weight},
	{"name": "candidate", "version": "42", "weight": weight},
]

# METADATA
# title: Example of rendered objects
# description: What is rendered for an A/B test of 41 and 42, for the tests of rules that read it.
package lockstep.lib.rendered_test

import data.lockstep.lib.example_test as example

service := "fraud-eu-west-1.fraud.svc.cluster.local"

variants := [
	{"name": "stable", "version": "41", "weight": 90},
	{"name": "candidate", "version": "42", "weight": 10},
	{"name": "previous", "version": "40", "weight": 0, "warm": true},
]

# A cluster with these http routes.
cluster(routes) := object.union(
	example.with_variants(variants),
	{"rendered": {
		"VirtualService": [virtual_service("fraud-eu-west-1", routes)],
		"DestinationRule": [
			{"metadata": {"name": "fraud-eu-west-1"}, "spec": {"host": service}},
			subset("40"),
			subset("41"),
			subset("42"),
		],
		"Service": [{
			"metadata": {"name": "fraud-eu-west-1", "namespace": "fraud"},
			"spec": {"type": "ClusterIP"},
		}],
	}},
)

virtual_service(name, routes) := {
	"metadata": {"name": name},
	"spec": {"hosts": ["fraud.eu-west-1.models.example.com", service], "http": routes},
}

subset(version) := {
	"metadata": {"name": sprintf("fraud-eu-west-1-v%s", [version])},
	"spec": {"host": service, "subsets": [{
		"name": sprintf("v%s", [version]),
		"labels": {"lockstep.dev/version": version},
	}]},
}

to(version, weight) := {
	"destination": {"host": service, "subset": sprintf("v%s", [version])},
	"weight": weight,
}

header(name, condition) := {"headers": {name: condition}}

bucket(version, pattern) := {
	"name": sprintf("bucket-v%s", [version]),
	"match": [header("x-user-bucket", {"regex": pattern})],
	"route": [to(version, 100)],
}

weighted := {"name": "weighted", "route": [to("41", 90), to("42", 10)]}

# As the renderer writes them.
routes := [bucket("41", "^(?:[0-9]|[1-8][0-9])$"), bucket("42", "^(?:9[0-9])$"), weighted]

package lockstep.rules.image_registry_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.image_registry

_registries := ["registry.example.com", "mirror.example.com:5000/ml"]

_found_among(image, registries) := {[finding.message, finding.pointer] |
	some finding in image_registry.deny with input as example.put(
		example.cluster, "/new/spec/serving/image",
		image,
	)
		with data.thresholds as {"organisation": {"registries": registries}}
}

_found(image) := _found_among(image, _registries)

test_own_registries_are_allowed if {
	_found(example.cluster.new.spec.serving.image) == set()
	_found("mirror.example.com:5000/ml/server:1") == set()
	image_registry.checked with input as example.cluster
		with data.thresholds as {"organisation": {"registries": _registries}}
}

test_another_registry_is_denied if {
	_found("ghcr.io/ml/server") == {[
		concat("", [
			`the image is "ghcr.io/ml/server"; allowed registries are `,
			`["registry.example.com","mirror.example.com:5000/ml"]`,
		]),
		"/spec/serving/image",
	]}
}

test_what_only_looks_like_an_own_registry_is_denied if {
	every image in [
		"registry.example.com", "registry.example.com:5000/ml/server",
		"registry.example.com.evil.example/ml/server", "registry.example.comx/server",
		"mirror.example.com:5000/other/server", "mirror.example.com/ml/server",
		"ghcr.io/registry.example.com/ml/server", "registry.example.com/../server",
		"localhost/ml/server", "Registry/server",
	] {
		count(_found(image)) == 1
	}
}

test_an_image_without_host_is_from_docker_hub if {
	_found_among("nginx@sha256:0", ["docker.io/library"]) == set()
	_found_among("ml/server", ["docker.io/ml"]) == set()
	{message | some [message, _] in _found_among("ml/server", ["docker.io/library"])} == {concat("", [
		`the image is "docker.io/ml/server"; allowed registries are ["docker.io/library"]`,
	])}
	count(_found("nginx:1")) == 1
}

test_every_container_of_a_pod_counts if {
	every list in ["containers", "initContainers", "ephemeralContainers"] {
		foreign := example.with_container(list, example.container("proxy", "ghcr.io/proxy", {}))
		found := image_registry.deny with input as foreign
			with data.thresholds as {"organisation": {"registries": ["registry.example.com"]}}
		{[f.message, f.object.kind] | some f in found} == {[
			concat("", [
				`the image of container "proxy" is "ghcr.io/proxy"; allowed registries are `,
				`["registry.example.com"]`,
			]),
			"Deployment",
		]}
		own := example.with_container(list, example.container("a", "registry.example.com/a", {}))
		image_registry.deny == set() with input as own
			with data.thresholds as {"organisation": {"registries": ["registry.example.com"]}}
	}
}

test_what_is_missing_is_not_checked if {
	not image_registry.checked with input as example.without(example.cluster, "/rendered")
		with data.thresholds as {"organisation": {"registries": _registries}}
	not image_registry.checked with input as example.without(example.cluster, "/new/spec/serving")
		with data.thresholds as {"organisation": {"registries": _registries}}
	not image_registry.checked with input as example.cluster with data.thresholds as {}
}

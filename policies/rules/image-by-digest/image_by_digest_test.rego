package lockstep.rules.image_by_digest_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.image_by_digest

_with(image) := example.put(example.cluster, "/new/spec/serving/image", image)

test_a_digest_is_allowed if {
	image_by_digest.deny == set() with input as example.cluster
	image_by_digest.checked with input as example.cluster
}

test_a_tag_is_denied if {
	found := image_by_digest.deny with input as _with("ml/server:1.0")
	found == {{
		"message": `image "ml/server:1.0" is not referenced by digest`,
		"fix": "write the image as name@sha256:<64 hexadecimal digits>",
		"pointer": "/spec/serving/image",
	}}
}

test_what_only_looks_like_a_digest_is_denied if {
	every image in [
		"",
		"ml/server",
		"ml/server@sha256:abc",
		concat("", ["ml/server@", example.digest, "\n"]),
		concat("", ["@", example.digest]),
		concat("", ["ml/a b@", example.digest]),
	] {
		count(image_by_digest.deny) == 1 with input as _with(image)
	}
}

test_a_missing_image_is_not_checked if {
	not image_by_digest.checked with input as example.without(example.cluster, "/new/spec/serving")
}

test_every_container_of_a_pod_counts if {
	every list in ["containers", "initContainers", "ephemeralContainers"] {
		view := example.with_container(list, example.container("proxy", "ml/proxy:1", {}))
		found := image_by_digest.deny with input as view
		{[f.message, f.object.name] | some f in found} == {[
			`image "ml/proxy:1" of container "proxy" is not referenced by digest`,
			"fraud-eu-west-1-v41",
		]}
	}
	pinned := concat("@", ["ml/proxy", example.digest])
	view := example.with_container("containers", example.container("proxy", pinned, {}))
	image_by_digest.deny == set() with input as view
}

test_without_rendered_pods_it_is_not_checked if {
	not image_by_digest.checked with input as example.without(example.cluster, "/rendered/Job")
}

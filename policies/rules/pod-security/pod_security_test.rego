package lockstep.rules.pod_security_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.pod_security

_pod := "/rendered/Deployment/0/spec/template/spec"

_found(view) := {[finding.message, finding.pointer] |
	some finding in pod_security.deny with input as view
}

_messages(view) := {message | some [message, _] in _found(view)}

# The message of one wrong value, which is put at a path below the pod's spec.
_at(path, value) := _messages(example.put(
	example.cluster,
	concat("", ["/rendered/Deployment/0/spec/template/", path]),
	value,
))

test_a_restricted_pod_is_allowed if {
	_found(example.cluster) == set()
	pod_security.checked with input as example.cluster
}

test_a_wrong_value_is_found_where_it_is if {
	wrong := example.put(
		example.cluster, concat("", [_pod, "/containers/0/securityContext/privileged"]),
		true,
	)
	pod_security.deny == {{
		"message": concat("", [
			`"securityContext.privileged" is true; the restricted Pod Security profile allows `,
			"only [false] there",
		]),
		"fix": concat(" ", [
			"change or remove it in the template; a pod that needs it needs a waiver of",
			"this rule",
		]),
		"pointer": "/spec/template/spec/containers/0/securityContext/privileged",
		"object": {"kind": "Deployment", "name": "fraud-eu-west-1-v41"},
	}} with input as wrong
}

test_each_control_of_the_profile_is_checked if {
	every pair in [
		["spec/hostNetwork", true],
		["spec/hostPID", true],
		["spec/hostIPC", true],
		["spec/shareProcessNamespace", true],
		["spec/securityContext/runAsNonRoot", false],
		["spec/securityContext/runAsUser", 0],
		["spec/securityContext/windowsOptions", {"hostProcess": true}],
		["spec/securityContext/seccompProfile/type", "Unconfined"],
		["spec/securityContext/appArmorProfile", {"type": "Unconfined"}],
		["spec/securityContext/seLinuxOptions", {"type": "spc_t"}],
		["spec/securityContext/seLinuxOptions", {"user": "system_u"}],
		["spec/securityContext/seLinuxOptions", {"role": "system_r"}],
		["spec/securityContext/sysctls", [{"name": "kernel.msgmax", "value": "1"}]],
		["spec/volumes/0", {"name": "scratch", "hostPath": {"path": "/"}}],
		["spec/volumes/0", {"name": "scratch", "nfs": {"server": "a", "path": "/"}}],
		["spec/volumes/0", {"name": "scratch", "image": {"reference": "a"}}],
		["metadata/annotations", {"container.apparmor.security.beta.kubernetes.io/model": "unconfined"}],
		["spec/containers/0/securityContext/privileged", true],
		["spec/containers/0/securityContext/allowPrivilegeEscalation", true],
		["spec/containers/0/securityContext/runAsNonRoot", false],
		["spec/containers/0/securityContext/runAsUser", 0],
		["spec/containers/0/securityContext/procMount", "Unmasked"],
		["spec/containers/0/securityContext/seccompProfile", {"type": "Unconfined"}],
		["spec/containers/0/securityContext/capabilities/add", ["NET_BIND_SERVICE", "SYS_ADMIN"]],
		["spec/containers/0/ports", [{"containerPort": 1, "hostPort": 1}]],
		["spec/containers/0/livenessProbe", {"httpGet": {"host": "10.0.0.1", "port": 1}}],
		["spec/containers/0/lifecycle", {"preStop": {"tcpSocket": {"host": "a", "port": 1}}}],
	] {
		count(_at(pair[0], pair[1])) == 1
	}
}

test_what_the_profile_allows_is_allowed if {
	every pair in [
		["spec/hostNetwork", false],
		["spec/securityContext/runAsUser", 1000],
		["spec/securityContext/sysctls", [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]],
		["spec/securityContext/seLinuxOptions", {"type": "container_t", "level": "s0"}],
		["spec/volumes/0", {"name": "scratch", "configMap": {"name": "a"}}],
		["metadata/annotations", {"container.apparmor.security.beta.kubernetes.io/a": "localhost/a"}],
		["metadata/annotations", {"container.apparmor.security.beta.kubernetes.io/a": "runtime/default"}],
		["spec/containers/0/securityContext/capabilities/add", ["NET_BIND_SERVICE"]],
		["spec/containers/0/ports", [{"containerPort": 1, "hostPort": 0}]],
		["spec/containers/0/livenessProbe", {"httpGet": {"port": 1}}],
	] {
		_at(pair[0], pair[1]) == set()
	}
}

test_what_every_container_says_is_required if {
	every list in ["containers", "initContainers", "ephemeralContainers"] {
		_messages(example.with_container(list, {"name": "helper"})) == {
			`the securityContext of container "helper" does not say "allowPrivilegeEscalation: false"`,
			`the securityContext of container "helper" does not say "capabilities.drop: [ALL]"`,
		}
	}
	bare := example.without(example.cluster, concat("", [_pod, "/securityContext"]))
	_messages(bare) == {
		`the securityContext of container "model" does not say "runAsNonRoot: true"`,
		`the securityContext of container "model" does not say "seccompProfile.type: RuntimeDefault"`,
	}
}

test_a_container_can_say_it_in_place_of_its_pod if {
	bare := example.without(example.cluster, concat("", [_pod, "/securityContext"]))
	own := object.union(
		example.pod.containers[0].securityContext,
		{"runAsNonRoot": true, "seccompProfile": {"type": "Localhost", "localhostProfile": "a"}},
	)
	_found(example.put(bare, concat("", [_pod, "/containers/0/securityContext"]), own)) == set()
}

test_what_is_missing_is_not_checked if {
	not pod_security.checked with input as example.without(example.cluster, "/rendered")
	not pod_security.checked with input as example.without(example.cluster, "/rendered/Pod")
}

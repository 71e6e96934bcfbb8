# METADATA
# title: Restricted pods
# description: >-
#   Every pod template that is rendered keeps to the profile `restricted` of Kubernetes' Pod Security
#   Standards, in all of its containers, whatever the templates of the fleet say. In addition no two
#   containers share processes, because one could then read the secrets of the other. It does not stop a
#   rollback, which brings back what was verified.
# related_resources:
#   - https://kubernetes.io/docs/concepts/security/pod-security-standards/
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: pod-security
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
#   reads: [Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob]
package lockstep.rules.pod_security

import data.lockstep.lib.finding
import data.lockstep.lib.pods

checked if pods.readable

# By the path in a security context: what may be there.
_in_context := [
	[["privileged"], [false]],
	[["allowPrivilegeEscalation"], [false]],
	[["runAsNonRoot"], [true]],
	[["procMount"], ["Default"]],
	[["windowsOptions", "hostProcess"], [false]],
	[["seccompProfile", "type"], ["RuntimeDefault", "Localhost"]],
	[["appArmorProfile", "type"], ["RuntimeDefault", "Localhost"]],
	[["seLinuxOptions", "user"], [""]],
	[["seLinuxOptions", "role"], [""]],
	[
		["seLinuxOptions", "type"],
		["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"],
	],
]

_in_pod := [[[field], [false]] |
	some field in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"]
]

_in_container := [[array.concat(user, [how, "host"]), [""]] |
	some user in [
		["livenessProbe"], ["readinessProbe"], ["startupProbe"],
		["lifecycle", "postStart"], ["lifecycle", "preStop"],
	]
	some how in ["httpGet", "tcpSocket"]
]

_sysctls := [
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
	"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes",
]

_volumes := [
	"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected",
	"secret",
]

_profiles := ["runtime/default", "localhost/*"]

_context(place) := object.get(place.spec, "securityContext", {})

_contexts := [[place, array.concat(place.path, ["securityContext"]), _context(place)] |
	some place in array.concat(pods.all, pods.containers)
]

# Each value that the profile does not allow: the pod or container, the path, the value, what is allowed.
_forbidden contains [place.kind, place.name, array.concat(path, field), value, allowed] if {
	some [place, path, context] in _contexts
	some [field, allowed] in _in_context
	value := object.get(context, field, null)
	value != null
	not value in allowed
}

_forbidden contains [place.kind, place.name, array.concat(path, ["runAsUser"]), 0, ["1 and more"]] if {
	some [place, path, context] in _contexts
	context.runAsUser == 0
}

_forbidden contains [pod.kind, pod.name, array.concat(pod.path, field), value, allowed] if {
	some pod in pods.all
	some [field, allowed] in _in_pod
	value := object.get(pod.spec, field, null)
	value != null
	not value in allowed
}

_forbidden contains [pod.kind, pod.name, path, sysctl.name, _sysctls] if {
	some pod in pods.all
	some i, sysctl in _context(pod).sysctls
	not sysctl.name in _sysctls
	path := array.concat(pod.path, ["securityContext", "sysctls", i, "name"])
}

_forbidden contains [pod.kind, pod.name, array.concat(pod.path, ["volumes", i, kind]), kind, _volumes] if {
	some pod in pods.all
	some i, volume in pod.spec.volumes
	some kind, _ in object.remove(volume, ["name"])
	not kind in _volumes
}

_forbidden contains [pod.kind, pod.name, path, profile, _profiles] if {
	some pod in pods.all
	some key, profile in pod.metadata.annotations
	startswith(key, "container.apparmor.security.beta.kubernetes.io/")
	not profile == "runtime/default"
	not startswith(profile, "localhost/")
	at := array.slice(pod.path, 0, count(pod.path) - 1)
	path := array.concat(at, ["metadata", "annotations", key])
}

_forbidden contains [container.kind, container.name, path, port.hostPort, [0]] if {
	some container in pods.containers
	some i, port in container.spec.ports
	port.hostPort != 0
	path := array.concat(container.path, ["ports", i, "hostPort"])
}

_forbidden contains [container.kind, container.name, path, value, allowed] if {
	some container in pods.containers
	some [field, allowed] in _in_container
	value := object.get(container.spec, field, "")
	value != ""
	path := array.concat(container.path, field)
}

_forbidden contains [container.kind, container.name, path, capability, ["NET_BIND_SERVICE"]] if {
	some container in pods.containers
	some i, capability in _context(container).capabilities.add
	capability != "NET_BIND_SERVICE"
	path := array.concat(container.path, ["securityContext", "capabilities", "add", i])
}

# METADATA
# title: Not allowed in a pod
# custom:
#   message: "%s is %s; the restricted Pod Security profile allows only %s there"
#   solution: change or remove it in the template; a pod that needs it needs a waiver of this rule
deny contains finding.of_object(
	rego.metadata.rule(), kind, name, path,
	[_field(path), value, allowed],
) if {
	some [kind, name, path, value, allowed] in _forbidden
}

# The part of a path that says what is wrong, without the numbers of items.
_field(path) := concat(".", [part |
	some part in array.slice(path, max([0, count(path) - 3]), count(path))
	is_string(part)
	not part in ["containers", "initContainers", "ephemeralContainers", "template"]
])

# What each container has to say, or its pod for all of them.
_missing contains [container, "allowPrivilegeEscalation: false"] if {
	some container in pods.containers
	not _says(container, ["allowPrivilegeEscalation"])
}

_missing contains [container, "capabilities.drop: [ALL]"] if {
	some container in pods.containers
	dropped := object.get(_context(container), ["capabilities", "drop"], [])
	not "ALL" in dropped
}

_missing contains [container, "runAsNonRoot: true"] if {
	some container in pods.containers
	not _says(container, ["runAsNonRoot"])
	not _says(container.pod, ["runAsNonRoot"])
}

_missing contains [container, "seccompProfile.type: RuntimeDefault"] if {
	some container in pods.containers
	not _says(container, ["seccompProfile", "type"])
	not _says(container.pod, ["seccompProfile", "type"])
}

_says(place, field) if object.get(_context(place), field, null) != null

# METADATA
# title: Missing in a pod
# custom:
#   message: the securityContext of container %s does not say %s
#   solution: >-
#     write that in the template; the restricted Pod Security profile requires it of every container
deny contains finding.of_object(
	rego.metadata.rule(), container.kind, container.name, container.path,
	[object.get(container.spec, "name", ""), wanted],
) if {
	some [container, wanted] in _missing
}

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

# By the field of a security context: what may be there.
_in_context := {
	"privileged": [false],
	"allowPrivilegeEscalation": [false],
	"runAsNonRoot": [true],
	"procMount": ["Default"],
}

# The same for fields of its parts.
_in_part := {
	"windowsOptions": {"hostProcess": [false]},
	"seccompProfile": {"type": ["RuntimeDefault", "Localhost"]},
	"appArmorProfile": {"type": ["RuntimeDefault", "Localhost"]},
	"seLinuxOptions": {
		"user": [""],
		"role": [""],
		"type": ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"],
	},
}

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

_places := array.concat(pods.all, pods.containers)

# Each value that the profile does not allow: kind and name of the object, the path, the value, what is
# allowed. The rules look at the fields that are there: nearly all pods have few of them.
_forbidden contains [place.kind, place.name, path, value, allowed] if {
	some place in _places
	some field, value in place.spec.securityContext
	allowed := _in_context[field]
	not value in allowed
	value != null
	path := array.concat(place.path, ["securityContext", field])
}

_forbidden contains [place.kind, place.name, path, value, allowed] if {
	some place in _places
	some field, part in place.spec.securityContext
	some name, allowed in _in_part[field]
	value := part[name]
	not value in allowed
	value != null
	path := array.concat(place.path, ["securityContext", field, name])
}

_forbidden contains [place.kind, place.name, path, 0, ["1 and more"]] if {
	some place in _places
	place.spec.securityContext.runAsUser == 0
	path := array.concat(place.path, ["securityContext", "runAsUser"])
}

_forbidden contains [pod.kind, pod.name, array.concat(pod.path, [field]), true, [false]] if {
	some pod in pods.all
	some field in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"]
	pod.spec[field] == true
}

_forbidden contains [pod.kind, pod.name, path, sysctl.name, _sysctls] if {
	some pod in pods.all
	some i, sysctl in pod.spec.securityContext.sysctls
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
	path := array.concat(pod.annotations_path, [key])
}

_forbidden contains [container.kind, container.name, path, port.hostPort, [0]] if {
	some container in pods.containers
	some i, port in container.spec.ports
	port.hostPort != 0
	path := array.concat(container.path, ["ports", i, "hostPort"])
}

_forbidden contains [container.kind, container.name, path, host, [""]] if {
	some container in pods.containers
	some field in ["livenessProbe", "readinessProbe", "startupProbe"]
	some how in ["httpGet", "tcpSocket"]
	host := container.spec[field][how].host
	not host in ["", null]
	path := array.concat(container.path, [field, how, "host"])
}

_forbidden contains [container.kind, container.name, path, host, [""]] if {
	some container in pods.containers
	some moment, hook in container.spec.lifecycle
	some how in ["httpGet", "tcpSocket"]
	host := hook[how].host
	not host in ["", null]
	path := array.concat(container.path, ["lifecycle", moment, how, "host"])
}

_forbidden contains [container.kind, container.name, path, capability, ["NET_BIND_SERVICE"]] if {
	some container in pods.containers
	some i, capability in container.spec.securityContext.capabilities.add
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
_missing contains [container.kind, container.name, container.path, name, wanted] if {
	some container in pods.containers
	some wanted in ((_own - _said(container.spec)) | ((_common - _said(container.spec)) - _said(container.pod.spec)))
	name := object.get(container.spec, "name", "")
}

_own := {"allowPrivilegeEscalation: false", "capabilities.drop: [ALL]"}

_common := {"runAsNonRoot: true", "seccompProfile.type: RuntimeDefault"}

# Whether what is there is right, is found above.
_said(spec) := ({said |
	some field, said in {
		"allowPrivilegeEscalation": "allowPrivilegeEscalation: false",
		"runAsNonRoot": "runAsNonRoot: true",
	}
	is_boolean(spec.securityContext[field])
} | {said |
	is_string(spec.securityContext.seccompProfile.type)
	said := "seccompProfile.type: RuntimeDefault"
}) | {said |
	"ALL" in spec.securityContext.capabilities.drop
	said := "capabilities.drop: [ALL]"
}

# METADATA
# title: Missing in a pod
# custom:
#   message: the securityContext of container %s does not say %s
#   solution: >-
#     write that in the template; the restricted Pod Security profile requires it of every container
deny contains finding.of_object(
	rego.metadata.rule(), kind, name, path,
	[container, wanted],
) if {
	some [kind, name, path, container, wanted] in _missing
}

# METADATA
# title: What specs and templates may add
# description: >-
#   A template of the fleet adds only labels and annotations that thresholds.template_additions lists,
#   because controllers, Services and network policies act on them. What pods share with others is listed
#   in thresholds.organisation, whether a spec or a template names it: taints that pods tolerate; priority
#   and runtime classes; claims and drivers of volumes. Keys of Lockstep, Argo CD, KEDA and of cloud
#   identities cannot be listed: they are compared with the spec.
# related_resources:
#   - https://kubernetes.io/docs/reference/labels-annotations-taints/
#   - https://istio.io/latest/docs/reference/config/annotations/
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: template-additions
#   category: access
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
#   reads: [Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Service, ServiceAccount, ExternalSecret, PodDisruptionBudget, HorizontalPodAutoscaler, ScaledObject, DestinationRule, VirtualService, Application]
package lockstep.rules.template_additions

import data.lockstep.lib.finding
import data.lockstep.lib.observed
import data.lockstep.lib.pods

checked if {
	every list in ["labels", "annotations"] {
		is_array(_allowed[list])
	}
	is_object(_organisation)
	pods.readable
	every kind in _kinds {
		is_array(input.rendered[kind])
	}
}

# Those without pods.
_kinds := [
	"Service", "ServiceAccount", "ExternalSecret", "PodDisruptionBudget", "HorizontalPodAutoscaler",
	"ScaledObject", "DestinationRule", "VirtualService", "Application",
]

_allowed := data.thresholds.template_additions

_organisation := data.thresholds.organisation

# What pods may name; a list that is missing allows nothing.
_shared(list) := object.get(_organisation, ["pods", list], [])

# Keys that Lockstep's own templates write; render.identity compares their values with the spec.
_own := _always | _asked

_always := {
	"app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by",
	"app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/version",
	"lockstep.dev/cluster", "lockstep.dev/cost-center", "lockstep.dev/environment",
	"lockstep.dev/family", "lockstep.dev/tenant", "lockstep.dev/version",
	"argocd.argoproj.io/sync-wave",
	"azure.workload.identity/client-id", "azure.workload.identity/use", "eks.amazonaws.com/role-arn",
	"argocd.argoproj.io/sync-options",
	"iam.gke.io/gcp-service-account", "sidecar.istio.io/inject", "sidecar.istio.io/nativeSidecar",
	"proxy.istio.io/config",
}

# They write these only where the spec or the environment asks for them.
_asked contains key if {
	input.new.spec.serving.metrics
	some key in ["prometheus.io/path", "prometheus.io/port", "prometheus.io/scrape"]
}

_asked contains key if {
	observed.has("openTelemetry")
	some key in [
		"instrumentation.opentelemetry.io/container-names",
		"instrumentation.opentelemetry.io/inject-python",
		"resource.opentelemetry.io/service.name", "resource.opentelemetry.io/service.version",
	]
}

_asked contains key if {
	observed.has("datadog")
	some part in ["env", "service", "version"]
	key := sprintf("tags.datadoghq.com/%s", [part])
}

# What is added to objects and their pods: kind and name of the object, the path, the key, in which list.
_added contains [kind, object_.metadata.name, ["metadata", list, key], key, list] if {
	some kind, objects in input.rendered
	some object_ in objects
	some list in ["labels", "annotations"]
	some key in (object.keys(object_.metadata[list]) - _own)
}

_added contains [pod.kind, pod.name, array.concat(path, [list, key]), key, list] if {
	some pod in pods.all
	some list in ["labels", "annotations"]
	some key in (object.keys(pod.metadata[list]) - _own)
	path := array.slice(pod.annotations_path, 0, count(pod.annotations_path) - 1)
}

_is_allowed(key, list) if {
	some allowed in _allowed[list]
	_matches(key, allowed)
}

_matches(key, allowed) if key == allowed

# A domain with a slash allows all of its keys.
_matches(key, allowed) if {
	endswith(allowed, "/")
	startswith(key, allowed)
}

# METADATA
# title: A label or annotation that is not listed
# custom:
#   thresholds: [template_additions]
#   message: a template adds %s to the %s; allowed there are %s
#   solution: >-
#     remove it from the template, or have the owners of the policies add it to
#     thresholds.template_additions, where a domain with a slash allows all of its keys
deny contains finding.of_object(
	rego.metadata.rule(), kind, name, path,
	[key, list, _allowed[list]],
) if {
	some [kind, name, path, key, list] in _added
	not _is_allowed(key, list)
}

# What else has to be listed: the pod, the path in its spec, what is there, and in which list.
_others contains [pod, ["priorityClassName"], pod.spec.priorityClassName, "priorityClasses"] if {
	some pod in pods.all
}

_others contains [pod, ["runtimeClassName"], pod.spec.runtimeClassName, "runtimeClasses"] if {
	some pod in pods.all
}

_others contains [pod, ["tolerations", i], key, "tolerations"] if {
	some pod in pods.all
	some i, toleration in pod.spec.tolerations

	# Without a key it tolerates all taints.
	key := object.get(toleration, "key", "all taints")
}

_others contains [pod, ["volumes", i, "csi", "driver"], volume.csi.driver, "csiDrivers"] if {
	some pod in pods.all
	some i, volume in pod.spec.volumes
}

_others contains [pod, ["volumes", i, kind], claim, "claims"] if {
	some pod in pods.all
	some i, volume in pod.spec.volumes
	some kind in ["persistentVolumeClaim", "ephemeral"]

	# An ephemeral volume makes a claim of its own, which has no name to list.
	claim := object.get(volume[kind], "claimName", "a new claim")
}

# METADATA
# title: Something of a pod that is not listed
# custom:
#   thresholds: [organisation]
#   message: a pod has %s in its %s; allowed are %s
#   solution: >-
#     remove it there, or have the owners of the policies add it to thresholds.organisation.pods
deny contains finding.of_object(
	rego.metadata.rule(), pod.kind, pod.name, array.concat(pod.path, path),
	[value, path[0], _shared(list)],
) if {
	some [pod, path, value, list] in _others
	not value in _shared(list)
	value != null
}

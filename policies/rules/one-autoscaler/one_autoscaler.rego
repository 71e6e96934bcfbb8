# METADATA
# title: One autoscaler
# description: >-
#   At most one autoscaler sets the number of pods; two would work against each other. Its maxReplicas
#   is above spec.serving.replicas, and KEDA has a Prometheus to query. The pods of a version that is
#   kept warm are among those that the autoscaler may start.
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: one-autoscaler
#   category: capacity
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.one_autoscaler

import data.lockstep.lib.finding

checked if {
	is_number(_serving.replicas)
	is_object(input.environment.spec)
	is_number(object.get(_serving, "warmReplicas", 1))
	every scaler in _scalers {
		is_number(scaler.maxReplicas)
	}
}

_serving := input.new.spec.serving

_scalers := {kind: scaler |
	some kind in ["hpa", "keda"]
	scaler := _serving[kind]
}

# METADATA
# title: Two autoscalers
# custom:
#   message: spec.serving scales each version both by hpa, to %s pods, and by keda, to %s
#   solution: remove one of the two; keda creates a HorizontalPodAutoscaler of its own
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "keda"],
	[_scalers.hpa.maxReplicas, _scalers.keda.maxReplicas],
) if {
	count(_scalers) == 2
}

# METADATA
# title: No room to scale
# custom:
#   message: "%s scales each version to at most %s pods, but spec.serving.replicas is already %s"
#   solution: raise maxReplicas above spec.serving.replicas, or remove the autoscaler
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", kind, "maxReplicas"],
	[kind, scaler.maxReplicas, _serving.replicas],
) if {
	some kind, scaler in _scalers
	scaler.maxReplicas <= _serving.replicas
}

# METADATA
# title: Warm replicas out of range
# custom:
#   message: spec.serving.warmReplicas is %s, but %s scales each version from %s to %s pods
#   solution: choose a number from spec.serving.replicas to maxReplicas
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "warmReplicas"],
	[warm, kind, _serving.replicas, scaler.maxReplicas],
) if {
	warm := _serving.warmReplicas
	some kind, scaler in _scalers
	not _is_in_range(warm, scaler)
}

_is_in_range(warm, scaler) if {
	warm >= _serving.replicas
	warm <= scaler.maxReplicas
}

# METADATA
# title: Warm replicas without an autoscaler
# custom:
#   message: spec.serving.warmReplicas is %s, but no autoscaler scales the versions; each has %s replicas
#   solution: remove warmReplicas, or add hpa or keda
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "warmReplicas"],
	[_serving.warmReplicas, _serving.replicas],
) if {
	count(_scalers) == 0
}

# METADATA
# title: No Prometheus to query
# custom:
#   message: keda scales to %s pods by what Prometheus has, but environment.yaml has no spec.prometheus to query
#   solution: set spec.prometheus in environment.yaml, or scale by hpa
deny contains finding.at(
	rego.metadata.rule(),
	["spec", "serving", "keda"],
	[_scalers.keda.maxReplicas],
) if {
	not input.environment.spec.prometheus
}

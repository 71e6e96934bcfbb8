# METADATA
# title: Autoscalers change in steps
# description: >-
#   An autoscaler comes, goes or is replaced without taking pods from versions with traffic. One that goes
#   leaves spec.serving.replicas behind, so that is at least its maxReplicas; one that comes does not lower it
#   in the same change. hpa and keda never replace each other in one change: Argo CD removes the old one last,
#   and until then KEDA refuses its object, or Kubernetes scales by neither.
# related_resources:
#   - https://keda.sh/docs/latest/concepts/admission-webhooks/
# schemas:
#   - input: schema.cluster
# custom:
#   short_name: autoscaler-change
#   category: capacity
#   severity: error
#   since: 0.1.0
#   scope: cluster
#   blocksRevert: false
#   waivable: true
package lockstep.rules.autoscaler_change

import data.lockstep.lib.cluster
import data.lockstep.lib.finding

checked if {
	cluster.past_is_known
	is_number(_now.replicas)
	every kind in _kinds {
		is_number(object.get(_now, [kind, "maxReplicas"], 1))
	}
}

_kinds := ["hpa", "keda"]

_now := input.new.spec.serving

# A new cluster has no pods yet.
_before := input.old.spec.serving if is_object(input.old)

_came contains kind if {
	some kind in _kinds
	_now[kind]
	not _before[kind]
}

_gone[kind] := _before[kind].maxReplicas if {
	some kind in _kinds
	not _now[kind]
}

# METADATA
# title: One autoscaler in place of the other
# custom:
#   message: "%s replaces %s in one change: Argo CD makes the new one while the old one still scales the same pods"
#   solution: >-
#     remove the old one in this change, with spec.serving.replicas at its maxReplicas, and add the other
#     in a later change, once Argo CD has removed the old one
deny contains finding.at(rego.metadata.rule(), ["spec", "serving", came], [came, gone]) if {
	some came in _came
	some gone, _ in _gone
}

# METADATA
# title: Pods of an autoscaler go at once
# custom:
#   message: without %s each version falls to %s pods at once; it may have up to %s now
#   solution: >-
#     set spec.serving.replicas to the maxReplicas of the autoscaler in this change, and lower it in
#     later ones
deny contains finding.at(
	rego.metadata.rule(), ["spec", "serving", "replicas"],
	[gone, _now.replicas, most],
) if {
	some gone, most in _gone
	count(_came) == 0
	_now.replicas < most
}

# METADATA
# title: Fewer replicas with a new autoscaler
# custom:
#   message: spec.serving.replicas falls from %s to %s in the change that adds %s, before it scales anything
#   solution: >-
#     keep spec.serving.replicas in this change, and lower it in a later one: then the autoscaler owns
#     the pods and takes them one after the other
deny contains finding.at(
	rego.metadata.rule(), ["spec", "serving", "replicas"],
	[_before.replicas, _now.replicas, came],
) if {
	some came in _came
	count(_gone) == 0
	_now.replicas < _before.replicas
}

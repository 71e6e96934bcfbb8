# METADATA
# title: Workloads
# description: "The pods of a cluster: how many run, and what they request."
package lockstep.lib.workloads

import data.lockstep.lib.tier

# METADATA
# title: Running versions
# description: "The versions that have pods: those with weight, and those that are kept warm."
running(variants) := {variant.version |
	some variant in variants
	_runs(variant)
}

# METADATA
# title: Versions at the peak
# description: >-
#   The versions that run at the same time during the rollout that the variants are in. The candidate
#   counts while its weight is 0 too, so that a proposal is denied what a later step would be denied.
at_peak(variants) := running(variants) | {variant.version |
	some variant in variants
	variant.name == "candidate"
}

_runs(variant) if variant.weight > 0

_runs(variant) if variant.warm == true

# METADATA
# title: Most replicas
# description: The highest number of pods that one version can have, autoscalers included.
most_replicas(serving) := max([
	serving.replicas,
	object.get(serving, ["hpa", "maxReplicas"], 0),
	object.get(serving, ["keda", "maxReplicas"], 0),
])

# METADATA
# title: Fewest pods at the peak
# description: >-
#   How many pods all versions have at least together, at the peak of the rollout that the variants are
#   in. The version that a rollback returns to has `warm_replicas`, and every other one its replicas.
fewest_pods(serving, variants) := (count(others) * serving.replicas) + (count(warm) * warm_replicas(serving)) if {
	versions := at_peak(variants)
	warm := versions & _kept_warm(variants)
	others := versions - warm
}

# METADATA
# title: Warm replicas
# description: >-
#   The fewest pods of a version that is kept warm. By default it is all that the autoscaler may start
#   in production, and elsewhere the replicas, which all versions have where there is no autoscaler.
warm_replicas(serving) := serving.warmReplicas if {
	_is_autoscaled(serving)
} else := most_replicas(serving) if {
	tier.is_production
} else := serving.replicas

_is_autoscaled(serving) if {
	some kind in ["hpa", "keda"]
	serving[kind]
}

_kept_warm(variants) := {variant.version |
	some variant in variants
	_is_kept_warm(variant, variants)
}

_is_kept_warm(variant, _) if variant.name == "previous"

_is_kept_warm(variant, variants) if {
	variant.name == "stable"
	some other in variants
	other.name == "candidate"
}

_is_kept_warm(variant, _) if {
	variant.name == "stable"
	variant.warm == true
}

# METADATA
# title: Required replicas
# description: >-
#   The replicas of `serving`, or the minimum of min-replicas for production where that is more. Too
#   few replicas are reported by min-replicas alone; other rules check what holds once that is fixed.
replicas_required(serving) := max([
	serving.replicas,
	object.get(data.thresholds, ["min_replicas", "production"], 1),
])

# METADATA
# title: CPU as a number
# description: >-
#   An amount of CPU in whole thousandths of a core, so that sums are exact. Undefined for text that is
#   not an amount.
millicores(text) := round(units.parse(text) * 1000) if is_string(text)

# METADATA
# title: Memory as a number
# description: An amount of memory in bytes. Undefined for text that is not an amount.
bytes(text) := units.parse_bytes(text) if is_string(text)

# METADATA
# title: Requests of the evaluated cluster
# description: >-
#   What one of its pods requests, for rules of scope cluster: CPU in thousandths of a core, memory in
#   bytes.
requests := amounts(input.new.spec.serving.resources.requests)

# METADATA
# title: Amounts as numbers
# description: CPU and memory of a pod as numbers. Undefined where one of them is not an amount.
amounts(texts) := {"cpu": millicores(texts.cpu), "memory": bytes(texts.memory)}

# METADATA
# title: An amount as a number
# description: Of `cpu` or `memory`. Undefined for text that is not an amount.
amount("cpu", text) := millicores(text)

amount("memory", text) := bytes(text)

# METADATA
# title: Next to the model
# description: >-
#   What the containers that templates add may have in each pod, by thresholds.resources_bounded.beside.
#   Nothing where it is not there.
beside := amounts(object.get(
	data.thresholds, ["resources_bounded", "beside"],
	{"cpu": "0", "memory": "0"},
))

# METADATA
# title: CPU as text
# description: Thousandths of a core as Kubernetes writes them.
cpu_text(amount) := sprintf("%d", [round(amount / 1000)]) if amount % 1000 == 0

cpu_text(amount) := sprintf("%dm", [amount]) if amount % 1000 != 0

# METADATA
# title: Memory as text
# description: Bytes as Kubernetes writes them, rounded up to a whole MiB.
memory_text(amount) := sprintf("%dGi", [round(amount / _gib)]) if amount % _gib == 0

memory_text(amount) := sprintf("%dMi", [ceil(amount / _mib)]) if amount % _gib != 0

_mib := 1048576

_gib := 1073741824

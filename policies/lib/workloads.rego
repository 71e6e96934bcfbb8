# METADATA
# title: Workloads
# description: "The pods of a cluster: how many run, and what they request."
package lockstep.lib.workloads

# METADATA
# title: Running versions
# description: "The versions that have pods: those with weight, and those that are kept warm."
running(variants) := {variant.version |
	some variant in variants
	_runs(variant)
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

# METADATA
# title: Workloads
# description: The pods of a cluster, how many there are and what they request.
package lockstep.lib.workloads

# METADATA
# title: Running versions
# description: The versions that have pods; one without traffic has some while it is kept warm.
running(variants) := {variant.version |
	some variant in variants
	_runs(variant)
}

_runs(variant) if variant.weight > 0

_runs(variant) if variant.warm == true

# METADATA
# title: Most replicas
# description: How many pods one version has at most, which is where an autoscaler ends.
most_replicas(serving) := max([
	serving.replicas,
	object.get(serving, ["hpa", "maxReplicas"], 0),
	object.get(serving, ["keda", "maxReplicas"], 0),
])

# METADATA
# title: Replicas that are asked for
# description: >-
#   The replicas of `serving`, or what min-replicas asks of production where that is more: so few
#   pods are that rule's to report, and what else is said of them holds once they are more.
replicas_asked(serving) := max([
	serving.replicas,
	object.get(data.thresholds, ["min_replicas", "production"], 1),
])

# METADATA
# title: CPU as a number
# description: >-
#   An amount of CPU in whole thousandths of a core, so that sums are exact. Undefined for what is
#   no amount.
millicores(text) := round(units.parse(text) * 1000) if is_string(text)

# METADATA
# title: Memory as a number
# description: An amount of memory in bytes. Undefined for what is no amount.
bytes(text) := units.parse_bytes(text) if is_string(text)

# METADATA
# title: Requests of the cluster at hand
# description: >-
#   What one of its pods requests, for rules of scope cluster: CPU in thousandths of a core, memory
#   in bytes. Worked out once, however many rules ask.
requests := amounts(input.new.spec.serving.resources.requests)

# METADATA
# title: Amounts as numbers
# description: CPU and memory of a pod as numbers. Undefined where one of them is no amount.
amounts(texts) := {"cpu": millicores(texts.cpu), "memory": bytes(texts.memory)}

# METADATA
# title: CPU as text
# description: Thousandths of a core as Kubernetes writes them.
cpu_text(amount) := sprintf("%d", [round(amount / 1000)]) if amount % 1000 == 0

cpu_text(amount) := sprintf("%dm", [amount]) if amount % 1000 != 0

# METADATA
# title: Memory as text
# description: Bytes as Kubernetes writes them; a part of a MiB counts as a whole one.
memory_text(amount) := sprintf("%dGi", [round(amount / _gib)]) if amount % _gib == 0

memory_text(amount) := sprintf("%dMi", [ceil(amount / _mib)]) if amount % _gib != 0

_mib := 1048576

_gib := 1073741824

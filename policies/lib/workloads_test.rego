package lockstep.lib.workloads_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.workloads

test_versions_with_traffic_or_kept_warm_run if {
	variants := [
		{"version": "41", "weight": 89},
		{"version": "42", "weight": 1},
		{"version": "40", "weight": 0, "warm": true},
		{"version": "39", "weight": 0, "warm": false},
		{"version": "43", "weight": 0},
		{"version": "41", "weight": 10, "experiment": true},
	]
	workloads.running(variants) == {"40", "41", "42"}
}

_proposed := [
	{"name": "stable", "version": "41", "weight": 90},
	{"name": "arm", "version": "40", "weight": 10, "experiment": true},
	{"name": "candidate", "version": "42", "weight": 0},
]

_ended := [
	{"name": "stable", "version": "42", "weight": 100},
	{"name": "previous", "version": "41", "weight": 0, "warm": true},
]

test_a_candidate_counts_from_its_proposal_on if {
	workloads.at_peak(_proposed) == {"40", "41", "42"}
	workloads.at_peak(_ended) == {"41", "42"}
}

test_the_version_to_return_to_is_kept_warm if {
	serving := {"replicas": 3, "hpa": {"maxReplicas": 9}, "warmReplicas": 7}
	workloads.fewest_pods(serving, _proposed) == 13
	workloads.fewest_pods(serving, _ended) == 10
	workloads.fewest_pods(serving, [{"name": "stable", "version": "1", "weight": 100}]) == 3
	again := [{"name": "stable", "version": "1", "weight": 100, "warm": true}]
	workloads.fewest_pods(serving, again) == 7
}

test_all_pods_are_kept_warm_in_production_only if {
	staging := example.put(example.cluster, "/environment/spec/tier", "staging")
	every scaler in ["hpa", "keda"] {
		serving := {"replicas": 3, scaler: {"maxReplicas": 9}}
		workloads.warm_replicas(serving) == 9 with input as example.cluster
		workloads.warm_replicas(serving) == 3 with input as staging
		workloads.warm_replicas(object.union(serving, {"warmReplicas": 5})) == 5 with input as staging
	}
}

test_fixed_replicas_are_always_warm if {
	workloads.warm_replicas({"replicas": 3, "warmReplicas": 9}) == 3 with input as example.cluster
}

test_an_autoscaler_has_the_last_word if {
	workloads.most_replicas({"replicas": 3}) == 3
	workloads.most_replicas({"replicas": 3, "hpa": {"maxReplicas": 9}}) == 9
	workloads.most_replicas({"replicas": 3, "keda": {"maxReplicas": 8}}) == 8
	workloads.most_replicas({"replicas": 3, "hpa": {"maxReplicas": 2}}) == 3
}

test_fewer_replicas_than_required_count_as_required if {
	required := {"min_replicas": {"production": 2}}
	workloads.replicas_required({"replicas": 1}) == 2 with data.thresholds as required
	workloads.replicas_required({"replicas": 3}) == 3 with data.thresholds as required
	workloads.replicas_required({"replicas": 1}) == 1 with data.thresholds as {}
}

test_cpu_is_counted_in_thousandths if {
	workloads.millicores("500m") == 500
	workloads.millicores("2") == 2000
	workloads.millicores("0.1") + workloads.millicores("0.2") == workloads.millicores("0.3")
	workloads.millicores("9999.999") == 9999999
}

test_memory_is_counted_in_bytes if {
	workloads.bytes("1Ki") == 1024
	workloads.bytes("1k") == 1000
	workloads.bytes("512M") == 512000000
	workloads.bytes("2Ti") == 2199023255552
}

test_requests_of_the_cluster_at_hand if {
	workloads.requests == {"cpu": 500, "memory": 1073741824} with input as example.cluster
	bare := example.without(example.cluster, "/new/spec/serving/resources/requests/cpu")
	not workloads.requests with input as bare
}

test_what_is_not_an_amount_has_no_number if {
	every text in ["", "much", 1, null, ["1"]] {
		not workloads.millicores(text)
		not workloads.bytes(text)
	}
}

test_amounts_are_written_as_people_write_them if {
	workloads.cpu_text(12000) == "12"
	workloads.cpu_text(12500) == "12500m"
	workloads.memory_text(workloads.bytes("1024Mi")) == "1Gi"
	workloads.memory_text(workloads.bytes("1536Mi")) == "1536Mi"
	workloads.memory_text(workloads.bytes("1537Mi") - 1) == "1537Mi"
}

test_amounts_of_both_kinds_are_numbers if {
	workloads.amount("cpu", "1") == 1000
	workloads.amount("memory", "1Ki") == 1024
	not workloads.amount("cpu", null)
}

test_nothing_is_next_to_the_model_by_default if {
	workloads.beside == {"cpu": 0, "memory": 0} with data.thresholds as {}
	some_ := {"resources_bounded": {"beside": {"cpu": "1", "memory": "1Ki"}}}
	workloads.beside == {"cpu": 1000, "memory": 1024} with data.thresholds as some_
}

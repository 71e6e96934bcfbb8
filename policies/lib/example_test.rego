# METADATA
# title: Example inputs
# description: A valid cluster and a valid family for the tests of rules, and ways to change them.
package lockstep.lib.example_test

digest := concat("", ["sha256:", concat("", ["a" | some _ in numbers.range(1, 64)])])

stable := {"name": "stable", "version": "41", "weight": 100}

shared := {
	"environment_before": null,
	"environment": {"metadata": {"name": "prod"}, "spec": {
		"tier": "production",
		"currency": "EUR",
		"regions": [
			{"name": "ap-south-1", "jurisdiction": "IN", "gateways": ["istio-ingress/models"]},
			{"name": "us-east-1", "jurisdiction": "US", "gateways": ["istio-ingress/models"]},
			{"name": "eu-west-1", "jurisdiction": "EU", "gateways": ["istio-ingress/models"]},
			{"name": "eu-central-1", "jurisdiction": "EU", "gateways": ["istio-ingress/models"]},
			{"name": "eu-west-2", "jurisdiction": "UK", "gateways": ["istio-ingress/models"]},
		],
		"tenants": [tenant("risk", "fraud"), tenant("shop", "ranking")],
		"observability": {
			"labels": {"release": "monitoring"},
			"namespace": "monitoring",
			"destination": "prod-observability",
			"alertmanager": {"labels": {"alertmanager": "main"}},
		},
	}},
	"family": family_document,
	"family_before": family_document,
	"variants_before": [],
	"removed": [],
	"complete": true,
	"locks": {version: lock(version) | some version in ["41", "42"]},
	"quarantine": [],
	"predecessor": null,
	"freezes": [],
	"rollout": {
		"phase": "steady",
		"verified": ["41"],
		"adopted": false,
		"diverged": false,
		"skewBreached": false,
	},
	"time": {"now": "2026-06-01T08:00:00Z", "today": "2026-06-01"},
}

tenant(name, namespace) := {
	"name": name,
	"owner": "risk-ml@example.com",
	"namespaces": [namespace],
	"quota": {"cpu": "20", "memory": "40Gi"},
	"budget": 5000,
}

family_document := {
	"metadata": {"name": "fraud", "tenant": "risk", "owner": "risk-ml@example.com"},
	"spec": {
		"model": {"registry": "mlflow", "name": "fraud"},
		"consistency": {"maxVersionSkew": 1, "maxSkewDuration": "24h"},
		"rollout": {
			"waves": [["ap-south-1"], ["us-east-1"], ["eu-west-1"]],
			"steps": [{"weight": 1}, {"weight": 10}, {"weight": 50}, {"weight": 100}],
			"onFailure": "revert",
		},
		"gates": [{
			"name": "auc",
			"source": "mlflow",
			"metric": "auc",
			"dataset": "holdout-{region}",
			"min": 0.9,
		}],
	},
}

lock(version) := {
	"identity": {
		"registry": "mlflow",
		"model": "fraud",
		"version": version,
		"digest": digest,
		"source": "models:/m-1",
		"run": "fb7631009dec2cbc96fac455eedb30a5",
		"modelId": "m-1",
	},
	"facts": {
		"archived": false,
		"status": "READY",
		"readAt": "2026-06-01T06:00:00Z",
		"datasets": [{"context": "training", "digest": "ee0b173e", "name": "training-2026-05"}],
		"lineage": {"copiedFrom": null},
		"metrics": [],
		"signature": {
			"inputs": [{"name": "amount", "type": "double", "required": true}],
			"outputs": [{"name": null, "type": "double", "required": true}],
			"params": [],
		},
		"tags": {"train.engine": "sklearn", "train.seed": "1"},
	},
}

# A document without any finding.
document(region, variants) := {
	"metadata": {"name": concat("-", ["fraud", region])},
	"spec": {
		"region": region,
		"residency": ["EU"],
		"namespace": "fraud",
		"host": concat("", ["fraud.", region, ".models.example.com"]),
		"serving": {
			"image": concat("@", ["registry.example.com/ml/server", digest]),
			"port": 8080,
			"replicas": 3,
			"resources": {
				"requests": {"cpu": "500m", "memory": "1Gi"},
				"limits": {"cpu": "1", "memory": "1Gi"},
			},
			"disruption": {"maxUnavailable": 1},
			"zones": 3,
		},
		"traffic": {"timeout": "2s"},
		"variants": variants,
		"privacy": {
			"data": "personal",
			"lawfulBasis": "legitimate-interests",
			"retention": "90d",
			"logs": "eu-west-1",
			"training": ["eu-central-1"],
			"automatedDecision": false,
		},
		"features": {
			"store": "feast",
			"service": "fraud",
			"views": {"cards": "3"},
			"columns": {"amount": "double"},
			"writes": ["answers"],
		},
		"access": {
			"identity": {
				"provider": "aws",
				"principal": sprintf("arn:aws:iam::123456789012:role/fraud-%s", [region]),
			},
			"secrets": {"STORE_TOKEN": {"store": "vault", "path": "ml/fraud", "key": "token"}},
		},
		"cost": {"center": "risk", "monthly": 900},
		"observability": {
			"slo": {"availability": 99.9, "latency": "300ms", "percentile": 99},
			"alerts": ["burn-rate", "latency", "drift"],
			"drift": {"metric": "feature_drift", "max": 0.2},
			"dashboard": "fraud",
			"onCall": {"secret": "pagerduty", "key": "routing-key"},
		},
	},
}

# A cluster in the EU that did not change.
cluster := with_variants([stable])

# The same with other variants, and none before: a new cluster.
with_variants(variants) := object.union(
	shared,
	{
		"name": "fraud-eu-west-1",
		"old": null,
		"new": document("eu-west-1", variants),
		"rendered": rendered,
	},
)

# What is rendered for one version, as far as rules about pods read it.
rendered := object.union(
	{kind: [] | some kind in ["Pod", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"]},
	{
		"ServiceAccount": [{"metadata": {"name": "fraud-eu-west-1"}}],
		"ExternalSecret": [{
			"metadata": {"name": "fraud-eu-west-1"},
			"spec": {"target": {"name": "fraud-eu-west-1"}},
		}],
		"Deployment": [{
			"metadata": {"name": "fraud-eu-west-1-v41"},
			"spec": {"template": {"metadata": {}, "spec": pod}},
		}],
	},
)

pod := {
	"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
	"containers": [container(
		"model",
		concat("@", ["registry.example.com/ml/server", digest]),
		document("eu-west-1", []).spec.serving.resources,
	)],
	"volumes": [{"name": "scratch", "emptyDir": {}}],
}

container(name, image, resources) := {
	"name": name,
	"image": image,
	"resources": resources,
	"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
}

# The cluster with one more container in a list of its pods.
with_container(list, more) := put(
	cluster, "/rendered/Deployment/0/spec/template/spec",
	object.union(pod, {list: array.concat(object.get(pod, list, []), [more])}),
)

# A change of that cluster's variants.
change(old, new) := object.union(
	shared,
	{
		"name": "fraud-eu-west-1",
		"old": document("eu-west-1", old),
		"new": document("eu-west-1", new),
	},
)

# A family in three regions: for each region the variants before (null: no cluster) and now.
family(pairs) := object.union(shared, {"clusters": [pair |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
	pair := {
		"name": concat("-", ["fraud", region]),
		"old": _before(region, pairs[region][0]),
		"new": document(region, pairs[region][1]),
	}
]})

_before(_, null) := null

_before(region, variants) := document(region, variants) if variants != null

# An environment with the families of two tenants: what rules of scope environment see.
environment := {
	"environment": shared.environment,
	"time": shared.time,
	"families": [
		owned("fraud", "risk", "eu-west-1"),
		owned("ranking", "shop", "eu-west-1"),
	],
	"elsewhere": [],
	"clusters": [tenancy("fraud", "risk", "eu-west-1"), tenancy("ranking", "shop", "eu-west-1")],
}

# A family as a rule of scope environment sees it.
owned(family, tenant, region) := {
	"name": family,
	"tenant": tenant,
	"owner": sprintf("%s-ml@example.com", [tenant]),
	"datasets": {},
	"dashboards": {family: concat("-", [family, region])},
}

# One cluster as a rule of scope environment sees it.
tenancy(family, tenant, region) := {
	"name": concat("-", [family, region]),
	"family": family,
	"tenant": tenant,
	"spec": object.union(
		object.remove(document(region, [stable]).spec, [
			"residency", "traffic", "privacy", "observability",
		]),
		{
			"namespace": family,
			"host": sprintf("%s.%s.models.example.com", [family, region]),
			"access": {"identity": {
				"provider": "aws",
				"principal": sprintf("arn:aws:iam::123456789012:role/%s-%s", [family, region]),
			}},
		},
	),
}

# The same input with one value replaced, or without it.
put(value, path, other) := json.patch(value, [{"op": "add", "path": path, "value": other}])

without(value, path) := json.remove(value, [path])

# The form of a rollout's step: `weight` percent for the candidate.
step(weight) := [
	{"name": "stable", "version": "41", "weight": 100 - weight},
	{"name": "candidate", "version": "42", "weight": weight},
]

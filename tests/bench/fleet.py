"""Generates a fleet of any size, shaped like real ones; the same size gives the same fleet."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent, indent

SEED = 20260131
TENANTS = ("risk", "payments", "search", "ads", "support", "logistics", "growth", "trust")
SUBJECTS = ("fraud", "ranking", "churn", "pricing", "demand", "spam", "credit", "eta", "intent")
PURPOSES = ("detection", "scoring", "forecast", "recommender", "triage", "matching")
FEATURES = ("amount", "hour", "country_risk", "age_days", "velocity_1h", "velocity_24h", "device")

JURISDICTIONS = {
    "ap-south-1": "IN", "us-east-1": "US", "us-west-2": "US", "eu-west-1": "EU",
    "eu-central-1": "EU", "eu-west-2": "UK", "ap-northeast-1": "JP", "sa-east-1": "BR",
}  # fmt: skip
LARGEST_FAMILY = len(JURISDICTIONS)
PER_TENANTS = 1000
"""Families that share the same tenants: a tenant may have no more than 200 namespaces."""


@dataclass(frozen=True)
class FamilyPlan:
    """One family to write: its environment and regions, and whether it runs an experiment."""

    environment: str
    name: str
    tenant: str
    model: str
    regions: tuple[str, ...]
    versions: tuple[str, ...]
    experiment: bool

    @property
    def folder(self) -> str:
        return f"clusters/{self.environment}/{self.name}"


def make_fleet(clusters: int) -> dict[str, bytes]:
    """The files below ``clusters/`` of a fleet with that many clusters, by path.

    Families of 3 to 8 clusters (a last one may be smaller), one in five in staging and the
    others in prod, one in six with an A/B test, each with the locks of its newest versions.
    """
    return _files(list(_plans(clusters)))


def make_families(families: int) -> dict[str, bytes]:
    """The same for a number of families, which are the first ones of any fleet."""
    return _files(list(_plans(families * LARGEST_FAMILY))[:families])


def _files(plans: list[FamilyPlan]) -> dict[str, bytes]:
    texts: dict[str, str] = {}
    for environment, predecessor in (("staging", None), ("prod", "staging")):
        own = [plan for plan in plans if plan.environment == environment]
        path = f"clusters/{environment}/environment.yaml"
        texts[path] = _environment(environment, predecessor, own)
    for plan in plans:
        texts[f"{plan.folder}/family.yaml"] = _family(plan)
        for region in plan.regions:
            texts[f"{plan.folder}/{region}.yaml"] = _cluster(plan, region)
        for version in plan.versions:
            texts[f"{plan.folder}/locks/{version}.yaml"] = _lock(plan, version)
    return {path: text.encode() for path, text in texts.items()}


def _plans(clusters: int) -> Iterator[FamilyPlan]:
    chance = random.Random(SEED)
    remaining, number = clusters, 0
    while remaining > 0:
        size = min(chance.randint(3, LARGEST_FAMILY), remaining)
        subject, purpose = chance.choice(SUBJECTS), chance.choice(PURPOSES)
        newest = chance.randint(3, 60)
        experiment = number % 6 == 5
        yield FamilyPlan(
            environment="staging" if number % 5 == 4 else "prod",
            name=f"{subject}-{purpose}-{number:04d}",
            tenant=_tenant_of(chance.choice(TENANTS), number),
            model=f"{subject}-{purpose}",
            regions=tuple(sorted(chance.sample(sorted(JURISDICTIONS), size))),
            versions=tuple(str(newest - back) for back in range(3 if experiment else 2)),
            experiment=experiment,
        )
        remaining, number = remaining - size, number + 1


def _tenant_of(name: str, number: int) -> str:
    """The tenant of a family by its number; large fleets have more tenants than small ones."""
    return f"{name}-{number // PER_TENANTS}" if number >= PER_TENANTS else name


def _environment(name: str, predecessor: str | None, plans: list[FamilyPlan]) -> str:
    regions = "\n".join(
        f"- {{name: {region}, jurisdiction: {jurisdiction}, destination: {name}-{region}, "
        "gateways: [istio-ingress/models]}"
        for region, jurisdiction in JURISDICTIONS.items()
    )
    before = f"\n  predecessor: {predecessor}" if predecessor else ""
    tier = "staging" if name == "staging" else "production"
    tenants = "\n".join(_tenant(name, plans) for name in _tenants(plans))
    return f"""\
# yaml-language-server: $schema=../../policies/schemas/environment.json
apiVersion: lockstep.dev/v1alpha1
kind: Environment
metadata: {{name: {name}}}
spec:{before}
  tier: {tier}
  kubernetesVersion: "1.37"
  regions:
{indent(regions, "    ")}
  argocd:
    namespace: argocd
    project: default
    repoURL: https://git.example.com/ml/fleet.git
    revision: main
  currency: EUR
  prometheus: http://prometheus.monitoring.svc:9090
  observability:
    labels: {{release: monitoring}}
    namespace: monitoring
    destination: {name}-observability
    alertmanager: {{labels: {{alertmanager: main}}}}
  tenants:
{indent(tenants, "    ")}
  network:
    authorization: enforce
    egress: [{{namespace: feature-store, ports: [6566]}}]
"""


def _tenants(plans: list[FamilyPlan]) -> list[str]:
    return [*TENANTS, *sorted({plan.tenant for plan in plans} - {*TENANTS})]


def _tenant(name: str, plans: list[FamilyPlan]) -> str:
    own = [plan for plan in plans if plan.tenant == name]
    namespaces = ", ".join(plan.name for plan in own)
    quotas = [
        f'- {{region: {region}, namespace: {plan.name}, cpu: "12", memory: 30Gi}}'
        for plan in own
        for region in plan.regions
    ]
    parts = "\n".join(["  quotas:", *(f"    {quota}" for quota in quotas)] if quotas else [])
    return f"""\
- name: {name}
  owner: {name}-ml@example.com
  namespaces: [{namespaces or name}]
  quota: {{cpu: "9999", memory: 90000Gi}}
  budget: 1000000000
{parts}"""


def _family(plan: FamilyPlan) -> str:
    waves = ", ".join(f"[{region}]" for region in plan.regions)
    return f"""\
# yaml-language-server: $schema=../../../policies/schemas/model-family.json
apiVersion: lockstep.dev/v1alpha1
kind: ModelFamily
metadata: {{name: {plan.name}, tenant: {plan.tenant}, owner: {plan.tenant}-ml@example.com}}
spec:
  model: {{registry: mlflow, name: {plan.model}}}
  consistency: {{maxVersionSkew: 1, maxSkewDuration: 24h}}
  rollout:
    waves: [{waves}]
    steps:
      - {{weight: 1, bake: 1h}}
      - {{weight: 10, bake: 1h}}
      - {{weight: 50, bake: 1h}}
      - {{weight: 100, bake: 2h}}
    onFailure: revert
  gates:
    - {{name: auc, source: mlflow, metric: auc, dataset: "holdout-{{region}}", min: 0.9}}
    - name: false-positives
      source: mlflow
      metric: fpr
      dataset: "live-{{region}}"
      max: 0.03
      minSamples: 2000
      maxAge: 24h
      live: true
  defaults:
    namespace: {plan.name}
    serving:
      image: registry.example.com/ml/server@sha256:{_hex("image", plan.model)}
      port: 8080
      health: /ping
      replicas: 3
      resources:
        requests: {{cpu: 500m, memory: 1Gi}}
        limits: {{cpu: "1", memory: 1Gi}}
      disruption: {{maxUnavailable: 1}}
      zones: 3
    traffic:
      timeout: 2s
      retries: {{attempts: 2, perTryTimeout: 500ms}}
      circuitBreaker: {{consecutiveErrors: 5, ejectFor: 30s}}
    privacy:
      data: personal
      lawfulBasis: contract
      retention: 90d
      automatedDecision: true
      humanReview: {plan.tenant}-review@example.com
      explainability: shap
    features:
      store: feast
      service: {plan.model.replace("-", "_")}_v1
      views: {{accounts: "4", payments: "7"}}
      columns: {{{", ".join(f"{name}: double" for name in FEATURES)}}}
      writes: [{plan.model.replace("-", "_")}_answers]
    cost: {{center: {plan.tenant}, monthly: 600}}
    observability:
      slo: {{availability: 99.9, latency: 2s, percentile: 99}}
      alerts: [burn-rate, latency, drift, skew]
      drift: {{metric: feature_drift_psi, labels: {{model: {plan.model}}}, max: 0.2}}
      dashboard: {plan.name}
      onCall: {{secret: pagerduty-{plan.tenant}, key: routing-key}}
"""


def _cluster(plan: FamilyPlan, region: str) -> str:
    stable = plan.versions[-1]
    variants = [f'- {{name: stable, version: "{stable}", weight: 100}}']
    if plan.experiment:
        variants = [
            f'- {{name: stable, version: "{stable}", weight: 50}}',
            f'- {{name: arm-b, version: "{plan.versions[1]}", weight: 30, experiment: true}}',
            f'- {{name: arm-c, version: "{plan.versions[0]}", weight: 20, experiment: true}}',
        ]
    sticky = "\n  traffic: {bucketHeader: x-user-bucket}" if plan.experiment else ""
    terms = 'learnsFrom: offline, expires: "2028-12-31"'
    arms = (
        f"\n  experiments:\n    arm-b: {{{terms}}}\n    arm-c: {{{terms}}}"
        if plan.experiment
        else ""
    )
    principal = f"arn:aws:iam::123456789012:role/{plan.environment}-{plan.name}-{region}"
    return f"""\
# yaml-language-server: $schema=../../../policies/schemas/model-cluster.json
apiVersion: lockstep.dev/v1alpha1
kind: ModelCluster
metadata: {{name: {plan.name}-{region}}}
spec:
  region: {region}
  residency: [{JURISDICTIONS[region]}]
  host: {plan.name}.{region}.{plan.environment}.models.example.com{sticky}
  privacy: {{logs: {region}, training: [{region}]}}
  access:
    identity: {{provider: aws, principal: "{principal}"}}
    secrets:
      FEATURE_STORE_TOKEN: {{store: vault, path: ml/{plan.name}/feature-store, key: token}}
  variants:
{indent(chr(10).join(variants), "    ")}{arms}
"""


def _lock(plan: FamilyPlan, version: str) -> str:
    metrics = "".join(_metric(plan, version, region) for region in plan.regions)
    columns = "".join(_column(name) for name in FEATURES)
    head = f"""\
        # machine-written by lockstep lock; do not edit
        apiVersion: lockstep.dev/v1alpha1
        kind: ModelLock
        metadata:
          environment: {plan.environment}
          family: {plan.name}
        spec:
          identity:
            registry: mlflow
            model: {plan.model}
            version: "{version}"
            digest: "sha256:{_hex(plan.name, version)}"
            source: "models:/m-{_hex("model", plan.name, version)[:32]}"
            modelId: "m-{_hex("model", plan.name, version)[:32]}"
            run: "{_hex("run", plan.name, version)[:32]}"
          facts:
            readAt: "2026-05-31T08:00:00Z"
            status: READY
            archived: false
            datasets:
            - name: train
              digest: "{_hex("train", plan.name, version)[:8]}"
              context: training
            tags:
              commit: "{_hex("commit", plan.name, version)[:40]}"
              model_card.digest: "sha256:{_hex("card", plan.name, version)}"
              train.engine: sklearn
              train.seed: "7"
              trained-by: nightly
            lineage:
              copiedFrom: null
            metrics:
        """
    tail = f"""\
    signature:
      inputs:
{columns}      outputs:
{_column("score")}      params: []
"""
    return dedent(head) + metrics + tail


def _column(name: str) -> str:
    return f"      - name: {name}\n        required: true\n        type: double\n"


def _metric(plan: FamilyPlan, version: str, region: str) -> str:
    value = 0.95 + int(_hex(plan.name, version, region)[:4], 16) / 65536 * 0.04
    return f"""\
    - name: auc
      value: {value:.6f}
      dataset: holdout-{region}
      datasetDigest: "{_hex("holdout", plan.name, region)[:8]}"
      samples: 5000
      measuredAt: "2026-05-31T07:00:00Z"
      problem: ""
"""


def _hex(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()

"""The files of the demo's fleet: one family in three regions, and its organisation."""

from lockstep_demo.counters import HONEST, STOPPED, VERSION_LABEL
from lockstep_demo.payments import BASE_FEATURES, DEVICE_FEATURE, REGIONS

ENVIRONMENT, FAMILY = "prod", "fraud-detection"
FOLDER = f"clusters/{ENVIRONMENT}/{FAMILY}"

_JURISDICTIONS = {"ap-south-1": "IN", "us-east-1": "US", "eu-west-1": "EU"}
_IMAGE = "registry.example.com/ml/sklearn-server"
# Of no real image: neither the demo nor the lab pulls it.
_DIGEST = "sha256:5c1e0a8f7d3b64920f1ac85be2d7469380bd51fe64a7c293e80f1d6ab3925c47"

_SYNCED = "https://git.example.com/ml/fleet.git"

_COLUMNS = "\n".join(f"        {name}: double" for name in (*BASE_FEATURES, DEVICE_FEATURE))

_ENVIRONMENT = f"""\
apiVersion: lockstep.dev/v1alpha1
kind: Environment
metadata:
  name: prod
spec:
  tier: production
  kubernetesVersion: "1.37"
  regions:
    - {{name: ap-south-1, jurisdiction: IN, destination: prod-ap-south-1, gateways: [mesh]}}
    - {{name: us-east-1, jurisdiction: US, destination: prod-us-east-1, gateways: [mesh]}}
    - {{name: eu-west-1, jurisdiction: EU, destination: prod-eu-west-1, gateways: [mesh]}}
  argocd:
    namespace: argocd
    project: default
    repoURL: {_SYNCED}
    revision: main
  currency: EUR
  observability:
    labels: {{release: monitoring}}
    namespace: monitoring
    destination: prod-observability
    alertmanager: {{labels: {{alertmanager: main}}}}
  tenants:
    - name: risk
      owner: risk-ml@example.com
      namespaces: [fraud-detection]
      callers: [payments]
      quota: {{cpu: "24", memory: 48Gi}}
      quotas:
        - {{region: ap-south-1, namespace: fraud-detection, cpu: "8", memory: 16Gi}}
        - {{region: us-east-1, namespace: fraud-detection, cpu: "8", memory: 16Gi}}
        - {{region: eu-west-1, namespace: fraud-detection, cpu: "8", memory: 16Gi}}
      budget: 6000
  network:
    authorization: enforce
"""

_SETTINGS = """\
branch: main  # Argo CD follows it
repository: {repository}
"""

_ORGANISATION = """\
thresholds:
  organisation:
    registries: [registry.example.com]
    domains: [example.com]
    hosts: [models.example.com]
    secrets: {stores: [vault], paths: ["ml/{family}"], onCall: ["pagerduty-{tenant}"]}
    residency: {"EU": ["EU"]}
"""

_FAMILY = f"""\
apiVersion: lockstep.dev/v1alpha1
kind: ModelFamily
metadata:
  name: fraud-detection
  tenant: risk
  owner: risk-ml@example.com
spec:
  model: {{registry: mlflow, name: fraud}}
  # A card is charged in one region and checked in another: all of them must decide alike.
  consistency: {{maxVersionSkew: 1, maxSkewDuration: 24h}}
  rollout:
    waves: [[ap-south-1], [us-east-1], [eu-west-1]]
    steps:
      - {{weight: 10, bake: 1h}}
      - {{weight: 50, bake: 1h}}
      - {{weight: 100, bake: 2h}}
    onFailure: revert
    patience: 4h
  gates:
    - {{name: auc, source: mlflow, metric: auc, dataset: "holdout-{{region}}", min: 0.94,
       maxDropVsStable: 0.005}}
    # A false positive is a customer whose card is refused at the till.
    - {{name: false-positives, source: mlflow, metric: fpr, dataset: "live-{{region}}", max: 0.03,
       minSamples: 2000, maxAge: 24h, live: true, confidence: 0.99}}
  defaults:
    namespace: fraud-detection
    serving:
      image: {_IMAGE}@{_DIGEST}
      port: 8080
      replicas: 3
      resources:
        requests: {{cpu: 500m, memory: 1Gi}}
        limits: {{cpu: "1", memory: 1Gi}}
      disruption: {{maxUnavailable: 1}}
      zones: 3
    traffic:
      timeout: 2s
      retries: {{attempts: 2, perTryTimeout: 500ms}}
    privacy:
      data: personal
      lawfulBasis: legitimate-interests
      retention: 90d
      automatedDecision: false  # it proposes; the bank decides
    features:
      store: feast
      service: fraud_v2
      views: {{payments: "4", cards: "2", devices: "1"}}
      columns:
{_COLUMNS}
    cost: {{center: risk, monthly: 1200}}
    observability:
      slo: {{availability: 99.9, latency: 300ms, percentile: 99}}
      alerts: [burn-rate, latency, skew]
      dashboard: fraud-detection
      onCall: {{secret: pagerduty-risk, key: routing-key}}
"""

_CLUSTER = """\
apiVersion: lockstep.dev/v1alpha1
kind: ModelCluster
metadata:
  name: fraud-detection-{region}
spec:
  region: {region}
  residency: [{jurisdiction}]  # where these requests may be processed
  host: fraud-detection.{region}.models.example.com
  privacy: {{logs: {region}, training: [{region}]}}
  access:
    identity:
      provider: aws
      principal: arn:aws:iam::123456789012:role/fraud-{region}
  variants:
    - {{name: stable, version: "{version}", weight: 100}}
"""

_GITATTRIBUTES = """\
rendered/** linguist-generated
ledger/** linguist-generated
clusters/**/locks/** linguist-generated
"""


def cluster_path(region: str, environment: str = ENVIRONMENT) -> str:
    """The file of one region's cluster."""
    return f"clusters/{environment}/{FAMILY}/{region}.yaml"


def rendered_path(region: str) -> str:
    """The folder of the manifests of one region in production."""
    return f"rendered/{ENVIRONMENT}/clusters/{FAMILY}-{region}"


def fleet_files(version: str, repository: str, synced: str = _SYNCED) -> dict[str, bytes]:
    """Every file of the fleet with ``version`` in all regions, locks and manifests left out.

    ``repository`` is the address of the origin, ``synced`` the one from which Argo CD reads it.
    """
    files = {
        "lockstep.yaml": _SETTINGS.format(repository=repository),
        ".gitattributes": _GITATTRIBUTES,
        "policies/data/organisation.yaml": _ORGANISATION,
        f"clusters/{ENVIRONMENT}/environment.yaml": _ENVIRONMENT.replace(_SYNCED, synced),
        f"{FOLDER}/family.yaml": _FAMILY,
    }
    for region in REGIONS:
        files[cluster_path(region)] = _CLUSTER.format(
            region=region, jurisdiction=_JURISDICTIONS[region], version=version
        )
    return {path: text.encode() for path, text in files.items()}


RISKY_EDITS = {
    "ap-south-1": ("weight: 100}", "weight: 99}"),
    "us-east-1": (
        "  variants:",
        f"  serving: {{image: {_IMAGE}:latest}}\n  variants:",
    ),
    "eu-west-1": ("logs: eu-west-1", "logs: us-east-1"),
}
"""What a careless change replaces in the file of a cluster, and by what, by region."""

_BOUND_IN_MLFLOW = """\
    - {name: false-positives, source: mlflow, metric: fpr, dataset: "live-{region}", max: 0.03,
       minSamples: 2000, maxAge: 24h, live: true, confidence: 0.99}
"""
_COMPARISON_IN_PROMETHEUS = f"""\
    - name: false-positives
      source: prometheus
      measure: false_positive_ratio
      versionLabel: {VERSION_LABEL}
      bad: {{metric: {STOPPED}, labels: {{region: "{{region}}"}}}}
      total: {{metric: {HONEST}, labels: {{region: "{{region}}"}}}}
      block: 1m
      max: 0.03
      minSamples: 2000
      compare: {{harm: 1.5}}  # half as many again
"""


def live_comparison(url: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """The change with which a Prometheus at ``url`` decides on false positives.

    By file: texts that are there once, each with its new text. The region in which a version
    failed last goes first.
    """
    return {
        f"clusters/{ENVIRONMENT}/environment.yaml": tuple(
            (f"destination: {ENVIRONMENT}-{region},",
             f'destination: {ENVIRONMENT}-{region}, prometheus: "{url}",')
            for region in REGIONS
        ),
        f"{FOLDER}/family.yaml": (
            ("waves: [[ap-south-1], [us-east-1], [eu-west-1]]",
             "waves: [[eu-west-1], [ap-south-1], [us-east-1]]"),
            (_BOUND_IN_MLFLOW, _COMPARISON_IN_PROMETHEUS),
        ),
    }  # fmt: skip

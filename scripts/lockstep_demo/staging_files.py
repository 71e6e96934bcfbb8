"""The files with which staging comes before production: other regions, sizes, gates and names."""

from lockstep_demo.fleet_files import ENVIRONMENT, FAMILY, cluster_path, fleet_files
from lockstep_demo.payments import STAGING_REGIONS
from lockstep_demo.registry import MODEL, STAGING_MODEL

STAGING, BAKE = "staging", "24h"

_HEAD = f"clusters/{ENVIRONMENT}/environment.yaml"
_FAMILY = f"clusters/{ENVIRONMENT}/{FAMILY}/family.yaml"
_ACCOUNTS = {ENVIRONMENT: "123456789012", STAGING: "210987654321"}

_Edits = tuple[tuple[str, str], ...]

_OF_ENVIRONMENT: _Edits = (
    ("  name: prod\n", f"  name: {STAGING}\n"),
    ("  tier: production\n", "  tier: staging\n"),
    ("destination: prod-observability", "destination: staging-observability"),
    ("""\
    - {name: ap-south-1, jurisdiction: IN, destination: prod-ap-south-1, gateways: [mesh]}
    - {name: us-east-1, jurisdiction: US, destination: prod-us-east-1, gateways: [mesh]}
    - {name: eu-west-1, jurisdiction: EU, destination: prod-eu-west-1, gateways: [mesh]}
""", """\
    - {name: eu-north-1, jurisdiction: EU, destination: staging-eu-north-1, gateways: [mesh]}
    - {name: eu-west-3, jurisdiction: EU, destination: staging-eu-west-3, gateways: [mesh]}
"""),
    ("""\
      quota: {cpu: "24", memory: 48Gi}
      quotas:
        - {region: ap-south-1, namespace: fraud-detection, cpu: "8", memory: 16Gi}
        - {region: us-east-1, namespace: fraud-detection, cpu: "8", memory: 16Gi}
        - {region: eu-west-1, namespace: fraud-detection, cpu: "8", memory: 16Gi}
      budget: 6000
""", """\
      quota: {cpu: "4", memory: 8Gi}
      quotas:
        - {region: eu-north-1, namespace: fraud-detection, cpu: "2", memory: 4Gi}
        - {region: eu-west-3, namespace: fraud-detection, cpu: "2", memory: 4Gi}
      budget: 200
"""),
)  # fmt: skip

_OF_FAMILY: _Edits = (
    (f"name: {MODEL}}}", f"name: {STAGING_MODEL}}}"),
    ("waves: [[ap-south-1], [us-east-1], [eu-west-1]]", "waves: [[eu-north-1, eu-west-3]]"),
    ("""\
      - {weight: 10, bake: 1h}
      - {weight: 50, bake: 1h}
      - {weight: 100, bake: 2h}
""", """\
      - {weight: 50, bake: 30m}
      - {weight: 100, bake: 1h}
"""),
    ("""min: 0.94,
       maxDropVsStable: 0.005}""", "min: 0.93}"),
    ("minSamples: 2000, ", "minSamples: 1000, "),
    ("      replicas: 3\n", "      replicas: 1\n"),
    ("{cpu: 500m, memory: 1Gi}", "{cpu: 250m, memory: 512Mi}"),
    ('{cpu: "1", memory: 1Gi}', "{cpu: 500m, memory: 512Mi}"),
    ("zones: 3", "zones: 1"),
    ("monthly: 1200", "monthly: 60"),
    ("dashboard: fraud-detection", "dashboard: fraud-detection-staging"),
    ("      onCall: {secret: pagerduty-risk, key: routing-key}\n", ""),
)  # fmt: skip

PREDECESSOR: dict[str, _Edits] = {
    _HEAD: (
        ("  tier: production\n",
         f"  tier: production\n  predecessor: {STAGING}\n  promotion: {{bake: {BAKE}}}\n"),
    ),
    _FAMILY: (
        ("  gates:\n",
         "  gates:\n    - {name: tried-in-staging, source: ledger, when: promote, verdicts: pass, "
         "requests: 10000}\n"),
    ),
}  # fmt: skip
"""What production says about staging, by file."""


def staging_files(version: str) -> dict[str, bytes]:
    """Every file of staging with ``version`` in its regions, locks and manifests left out."""
    ours = fleet_files(version, "")
    place, folder = (path.replace(f"/{ENVIRONMENT}/", f"/{STAGING}/") for path in (_HEAD, _FAMILY))
    files = {
        place: edited(ours[_HEAD].decode(), _OF_ENVIRONMENT),
        folder: edited(ours[_FAMILY].decode(), _OF_FAMILY),
    }
    pattern = ours[cluster_path("eu-west-1")].decode()
    zone = ("models.example.com", f"{STAGING}.models.example.com")
    account = (_ACCOUNTS[ENVIRONMENT], _ACCOUNTS[STAGING])
    for region in STAGING_REGIONS:
        text = edited(pattern, (zone, account))
        files[cluster_path(region, STAGING)] = text.replace("eu-west-1", region)
    return {path: text.encode() for path, text in files.items()}


def edited(text: str, edits: _Edits) -> str:
    """``text`` with each edit made. Raises ValueError where an old text is not there once."""
    for old, new in edits:
        if text.count(old) != 1:
            raise ValueError(f"not there once: {old}")
        text = text.replace(old, new)
    return text

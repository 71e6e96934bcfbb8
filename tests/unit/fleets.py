"""Small fleets for tests of stages, made from text as the loader reads it."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace

from lockstep.model.canonical import digest_bytes
from lockstep.model.decision import Decision
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Family, Fleet
from lockstep.model.record import record_of
from lockstep.spec.assemble import assemble
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.structure.duplicates import check_duplicates
from lockstep.spec.validate import (
    elsewhere,
    validate_environment,
    validate_family,
    validate_strays,
)

ENVIRONMENT = b"""\
apiVersion: lockstep.dev/v1alpha1
kind: Environment
metadata: {name: prod}
spec: {kubernetesVersion: "1.37", regions: []}
"""

FAMILY = b"""\
apiVersion: lockstep.dev/v1alpha1
kind: ModelFamily
metadata: {name: fraud, tenant: risk, owner: risk-ml@example.com}
spec:
  model: {registry: mlflow, name: fraud}
  consistency: {maxVersionSkew: 1, maxSkewDuration: 24h}
  rollout:
    waves: [[a], [b, c]]
    steps: [{weight: 10, bake: 1h}, {weight: 100, bake: 2h}]
    onFailure: revert
    patience: 4h
  gates:
    - {name: fpr, source: mlflow, metric: fpr, dataset: "live-{region}", max: 0.03}
"""

LOCK = b"""\
apiVersion: lockstep.dev/v1alpha1
kind: ModelLock
metadata: {environment: prod, family: fraud}
spec:
  identity: {registry: mlflow, model: fraud, version: "%(version)s", digest: "%(digest)s"}
"""

REGIONS = ("a", "b", "c")


def digest_of(version: str) -> str:
    """The digest that the lock of a version holds."""
    return digest_bytes(version.encode())


def tree(variants: str = '{name: stable, version: "1", weight: 100}') -> dict[str, bytes]:
    """The files of one family in three regions, each with the same variants."""
    files = {
        "clusters/prod/environment.yaml": ENVIRONMENT,
        "clusters/prod/fraud/family.yaml": FAMILY,
    }
    for version in ("1", "2", "3"):
        names = {b"version": version.encode(), b"digest": digest_of(version).encode()}
        files[f"clusters/prod/fraud/locks/{version}.yaml"] = LOCK % names
    for region in REGIONS:
        files[f"clusters/prod/fraud/{region}.yaml"] = (
            "apiVersion: lockstep.dev/v1alpha1\nkind: ModelCluster\n"
            f"metadata: {{name: fraud-{region}}}\nspec:\n  region: {region}\n"
            f"  variants:\n    - {variants}\n"
        ).encode()
    return files


def fleet(files: dict[str, bytes] | None = None) -> Fleet:
    """The fleet of these files, which must be well-formed."""
    made, findings = assemble(files or tree())
    assert not findings, findings
    return made


def family(files: dict[str, bytes] | None = None) -> Family:
    """The one family of the fleet."""
    return fleet(files).environments["prod"].families["fraud"]


def recorded(before: Family, decision: Decision) -> Family:
    """The family after a decision: the record in its ledger, its variants in its specs."""
    record = record_of(decision)
    clusters = tuple(
        replace(
            cluster,
            effective={
                **cluster.effective,
                "spec": {
                    **cluster.effective["spec"],
                    "variants": deepcopy(decision.variants[cluster.name]),
                },
            },
        )
        for cluster in before.clusters
    )
    return replace(before, records=(*before.records, record), clusters=clusters)


def validate_fleet(
    fleet: Fleet, schemas: Schemas, reported: Iterable[Finding] = ()
) -> list[Finding]:
    """What is wrong with the documents of a fleet and with how they fit together, in report order.

    ``reported`` are findings of the loader.
    """
    reported = tuple(reported)
    found: list[Finding] = []
    for environment in fleet.environments.values():
        here = validate_environment(environment, fleet, environment.families, schemas, reported)
        of_families: list[Finding] = []
        for family in environment.families.values():
            of_families += validate_family(family, environment, schemas, [*reported, *here])
        taken = check_duplicates(environment.families.values())
        found += [*here, *of_families, *elsewhere(taken, [*reported, *of_families])]
    found += validate_strays(fleet.strays, schemas, reported)
    return list(arrange(found))

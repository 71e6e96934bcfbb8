"""What a tenant's folder holds by a hostile commit: its AppProject keeps it out of the cluster.

The fleet is that of every option, or as much of it as a cluster can run.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.world import git
from tests.lab import Lab
from tests.lab.applications import said
from tests.lab.fleet import LabFleet, assert_stays_synced
from tests.lab.layout import REPOSITORY
from tests.lab.waiting import wait_until

GOLDEN = REPOSITORY / "tests" / "golden" / "clusters" / "prod"
ENVIRONMENT = "tenants"
OWN, OTHER = f"{ENVIRONMENT}-churn", f"{ENVIRONMENT}-fraud-detection"
RBAC = "rbac.authorization.k8s.io"

# By the cluster whose folder it is put into: the object, and what Argo CD says of it.
HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "churn-eu-west-1": (
        {"apiVersion": "v1", "kind": "ServiceAccount", "namespace": OTHER},
        f"namespace {OTHER} is not permitted in project '{ENVIRONMENT}-crm'",
    ),
    "churn-eu-central-1": (
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "namespace": OWN},
        f"resource {RBAC}:Role is not permitted in project {ENVIRONMENT}-crm",
    ),
    "churn-us-east-1": (
        {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole"},
        f"resource {RBAC}:ClusterRole is not permitted in project {ENVIRONMENT}-crm",
    ),
    # Its own namespace is allowed; no other is.
    "fraud-detection-eu-west-1": (
        {"apiVersion": "v1", "kind": "Namespace"},
        f"resource :Namespace is not permitted in project {ENVIRONMENT}-risk",
    ),
}

# By the cluster whose Application is changed in git: the old text and the new one, and what Argo CD
# says of it.
REDIRECTED = {
    "fraud-detection-us-east-1": (
        "/tenants.git",
        "/elsewhere.git",
        f"/elsewhere.git is not permitted in project '{ENVIRONMENT}-risk'",
    ),
    "fraud-detection-eu-central-1": (
        f'namespace: "{OTHER}"',
        f'namespace: "{OWN}"',
        f"namespace '{OWN}' do not match any of the allowed destinations in project "
        f"'{ENVIRONMENT}-risk'",
    ),
}
REASONS = {cluster: reason for cluster, (_, reason) in HOSTILE.items()} | {
    cluster: reason for cluster, (*_, reason) in REDIRECTED.items()
}


@pytest.fixture(scope="module")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    """Two tenants, all of it Synced and Healthy."""
    fleet = LabFleet.create(
        lab, ENVIRONMENT, GOLDEN, tmp_path_factory.mktemp("projects"),
        families=("churn", "fraud-detection"),
    )  # fmt: skip
    fleet.put_platform()
    try:
        fleet.apply_root()
        with fleet.play_operators():
            fleet.wait_synced()
        yield fleet
    finally:
        fleet.remove()


def test_every_option_stays_synced(fleet: LabFleet) -> None:
    assert_stays_synced(fleet)


def folder(cluster: str) -> str:
    return f"rendered/{ENVIRONMENT}/clusters/{cluster}"


def name(cluster: str) -> str:
    return f"{ENVIRONMENT}-hostile-{cluster}"


def hostile(cluster: str) -> dict[str, Any]:
    """The object that is put into the folder of this cluster."""
    own = HOSTILE[cluster][0]
    rules: dict[str, Any] = {"rules": []} if own["apiVersion"].startswith(RBAC) else {}
    metadata = {"name": name(cluster)}
    if "namespace" in own:
        metadata["namespace"] = own["namespace"]
    return {"apiVersion": own["apiVersion"], "kind": own["kind"], "metadata": metadata, **rules}


def message(app: dict[str, Any]) -> str:
    """All that an Application says of why it does not sync."""
    status = app.get("status", {})
    state = status.get("operationState", {})
    results = state.get("syncResult", {}).get("resources", ())
    parts = [
        *(each["message"] for each in status.get("conditions", ())),
        state.get("message", ""),
        *(each.get("message", "") for each in results),
    ]
    return "\n".join(parts)


@pytest.fixture(scope="module")
def refused(fleet: LabFleet) -> Iterator[dict[str, dict[str, Any]]]:
    """The Applications after the hostile commit, which is taken back at the end."""
    before = git(fleet.clone, "rev-parse", "HEAD")
    for cluster in HOSTILE:
        path = fleet.clone / folder(cluster) / "hostile.json"
        path.write_text(json.dumps(hostile(cluster)))
    for cluster, (old, new, _) in REDIRECTED.items():
        fleet.edit(f"{folder(cluster)}/application.yaml", old, new)
    fleet.commit("Put in what tenants may not have")
    fleet.push()
    fleet.refresh()

    def refusals() -> bool:
        found = fleet.applications()
        return all(
            reason in message(found[f"{ENVIRONMENT}-{cluster}"])
            for cluster, reason in REASONS.items()
        )

    wait_until(refusals, 240, lambda: "\n".join(map(message, fleet.applications().values())))
    yield fleet.applications()
    git(fleet.clone, "revert", "--no-edit", f"{before}..HEAD")
    fleet.push()
    with fleet.play_operators():
        fleet.wait_synced()


@pytest.mark.parametrize("cluster", HOSTILE)
def test_a_project_refuses_what_its_tenant_may_not_have(
    fleet: LabFleet, refused: dict[str, dict[str, Any]], cluster: str
) -> None:
    app = refused[f"{ENVIRONMENT}-{cluster}"]
    assert app["status"]["sync"]["status"] == "OutOfSync", said(app)
    assert app["status"]["operationState"]["phase"] != "Succeeded"
    each = hostile(cluster)
    resource = f"{each['kind'].lower()}.{each['apiVersion'].rpartition('/')[0]}".rstrip(".")
    assert not fleet.live(resource, name(cluster), each["metadata"].get("namespace"))


@pytest.mark.parametrize("cluster", REDIRECTED)
def test_a_project_refuses_an_application_that_was_sent_elsewhere(
    fleet: LabFleet, refused: dict[str, dict[str, Any]], cluster: str
) -> None:
    status = refused[f"{ENVIRONMENT}-{cluster}"]["status"]
    conditions = {each["type"]: each["message"] for each in status["conditions"]}
    assert REDIRECTED[cluster][2] in conditions["InvalidSpecError"]
    assert status["sync"]["status"] == "Unknown"
    # What it had is left where it was, and nothing of it is anywhere else.
    kinds = "deployments,services,serviceaccounts"
    own = [
        each["metadata"]["namespace"]
        for each in fleet.listed(kinds)
        if each["metadata"]["labels"]["lockstep.dev/cluster"] == cluster
    ]
    assert own and set(own) == {OTHER}

"""The Application of a cluster."""

from copy import deepcopy
from typing import Any

import pytest

from lockstep.render import render_cluster
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, render_one, tree_of
from tests.unit.render.specs import HPA, KEDA, render_watched, serving

REPLICAS = [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]


def test_an_application_syncs_its_folder_without_itself() -> None:
    application = render_one(cluster()).manifests["application.yaml"]
    folder = "rendered/prod/clusters/fraud-eu"
    assert application["metadata"]["name"] == "prod-fraud-eu"
    assert application["metadata"]["namespace"] == "argocd"
    assert application["metadata"]["annotations"] == {
        "argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm",
    }
    source = application["spec"]["source"]
    assert source["path"] == folder
    assert source["directory"] == {"exclude": "application.yaml"}
    assert application["spec"]["destination"] == {"name": "prod-eu-west-1", "namespace": "fraud"}
    assert application["spec"]["syncPolicy"]["syncOptions"] == [
        "ApplyOutOfSyncOnly=true",
        "CreateNamespace=true",
        "PruneLast=true",
    ]
    # Nobody else sets the replicas here, so a difference from git is drift.
    assert "ignoreDifferences" not in application["spec"]


def test_the_replicas_are_the_autoscaler_s_where_there_is_one() -> None:
    for spec in (serving(hpa=HPA), serving(keda=KEDA)):
        application = render_watched(spec).manifests["application.yaml"]["spec"]
        assert application["ignoreDifferences"] == REPLICAS
        # Without it, the next change of a Deployment applies the replicas of git.
        assert "RespectIgnoreDifferences=true" in application["syncPolicy"]["syncOptions"]


def application_in(tier: str) -> Any:
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    whole["spec"]["tier"] = tier
    tree = {**tree_of(cluster()), "clusters/prod/environment.yaml": rendering.dump(whole)}
    environment, family = rendering.only_family(fleet_of(tree))
    folder = render_cluster(family.clusters[0], family, environment, rendering.templates())
    return folder.manifests["application.yaml"]


@pytest.mark.parametrize("tier", ["production", "staging", "development"])
def test_people_confirm_the_deletion_of_a_cluster_in_production_only(tier: str) -> None:
    annotations = application_in(tier)["metadata"].get("annotations", {})
    confirmed = annotations.get("argocd.argoproj.io/sync-options")
    assert confirmed == ("Prune=confirm,Delete=confirm" if tier == "production" else None)


def test_no_object_of_a_cluster_waits_for_a_confirmation() -> None:
    """A restore that prunes a candidate must not wait for people."""
    for name, manifest in render_one(cluster()).manifests.items():
        if name != "application.yaml":
            assert "argocd.argoproj.io/sync-options" not in manifest["metadata"]["annotations"]


def test_a_retry_takes_the_newest_commit_and_never_ends() -> None:
    policy = render_one(cluster()).manifests["application.yaml"]["spec"]["syncPolicy"]
    assert policy["retry"] == {
        "limit": -1,
        "refresh": True,
        "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"},
    }


def test_a_namespace_that_argo_cd_makes_injects_sidecars() -> None:
    policy = render_one(cluster()).manifests["application.yaml"]["spec"]["syncPolicy"]
    assert policy["managedNamespaceMetadata"] == {"labels": {"istio-injection": "enabled"}}

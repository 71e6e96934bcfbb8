"""The Application of a cluster."""

from tests.unit.render.rendering import cluster, render_one
from tests.unit.render.specs import HPA, KEDA, render_watched, serving

REPLICAS = [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]


def test_an_application_syncs_its_folder_without_itself() -> None:
    application = render_one(cluster()).manifests["application.yaml"]
    folder = "rendered/prod/clusters/fraud-eu"
    assert application["metadata"]["name"] == "prod-fraud-eu"
    assert application["metadata"]["namespace"] == "argocd"
    assert application["metadata"]["annotations"] == {
        "argocd.argoproj.io/manifest-generate-paths": f"/{folder}"
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

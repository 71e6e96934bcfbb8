"""The Application of a cluster."""

from tests.unit.render.rendering import cluster, render_one


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

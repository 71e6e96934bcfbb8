"""The identity of a cluster's pods at the cloud."""

import pytest

from tests.unit.render.rendering import render_one
from tests.unit.render.specs import identity, pod_of


@pytest.mark.parametrize(
    ("provider", "annotation", "principal"),
    [
        ("aws", "eks.amazonaws.com/role-arn", "arn:aws:iam::123456789012:role/fraud"),
        ("gcp", "iam.gke.io/gcp-service-account", "fraud@ml.iam.gserviceaccount.com"),
        ("azure", "azure.workload.identity/client-id", "3b0f6d5e-2c4c-4c5e-9d66-0f8f5f9f6a11"),
    ],
)
def test_the_pods_have_the_identity_that_the_cloud_knows(
    provider: str, annotation: str, principal: str
) -> None:
    folder = render_one(identity(provider, principal))
    annotations = folder.manifests["serviceaccount.yaml"]["metadata"]["annotations"]
    assert annotations == {"argocd.argoproj.io/sync-wave": "-2", annotation: principal}
    label = pod_of(folder)["metadata"]["labels"].get("azure.workload.identity/use")
    assert label == ("true" if provider == "azure" else None)
    selector = folder.manifests["deployment-v41.yaml"]["spec"]["selector"]["matchLabels"]
    assert "azure.workload.identity/use" not in selector

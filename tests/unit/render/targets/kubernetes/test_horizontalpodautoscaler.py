"""Scaling by CPU."""

from tests.unit.render.rendering import render_one
from tests.unit.render.specs import HPA, serving


def test_an_autoscaler_by_cpu_owns_the_replicas_of_each_version() -> None:
    folder = render_one(serving(hpa=HPA))
    for version in ("41", "42"):
        spec = folder.manifests[f"horizontalpodautoscaler-v{version}.yaml"]["spec"]
        deployment = folder.manifests[f"deployment-v{version}.yaml"]
        assert "replicas" not in deployment["spec"]
        assert spec["scaleTargetRef"] == {
            "apiVersion": deployment["apiVersion"],
            "kind": "Deployment",
            "name": deployment["metadata"]["name"],
        }
        assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 8)
        (metric,) = spec["metrics"]
        assert metric["resource"] == {
            "name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": 70},
        }

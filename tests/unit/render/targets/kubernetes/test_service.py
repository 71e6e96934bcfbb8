"""The Service of a cluster."""

from tests.unit.render.rendering import cluster, render_one


def test_a_service_picks_the_pods_of_all_versions() -> None:
    service = render_one(cluster()).manifests["service.yaml"]
    assert service["spec"]["selector"] == {"lockstep.dev/cluster": "fraud-eu"}
    (port,) = service["spec"]["ports"]
    assert (port["port"], port["targetPort"], port["appProtocol"]) == (80, "http", "http")

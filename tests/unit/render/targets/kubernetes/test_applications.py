"""The Application of an environment."""

from lockstep.render import render_environment
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster


def test_the_application_of_an_environment_includes_only_applications() -> None:
    fleet = rendering.fleet_of(rendering.tree_of(cluster()))
    folder = render_environment(fleet.environments["prod"], rendering.templates())
    application = folder.manifests["applications.yaml"]
    assert application["metadata"]["name"] == "lockstep-prod"
    assert application["spec"]["source"]["path"] == "rendered/prod/clusters"
    assert application["spec"]["source"]["directory"] == {
        "recurse": True,
        "include": "*/application.yaml",
    }
    assert "finalizers" not in application["metadata"]

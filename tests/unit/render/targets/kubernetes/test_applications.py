"""The Application of an environment."""

from lockstep.render import render_environment
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster


def test_the_application_of_an_environment_includes_applications_and_projects_only() -> None:
    fleet = rendering.fleet_of(rendering.tree_of(cluster()))
    folder = render_environment(fleet.environments["prod"], rendering.templates())
    application = folder.manifests["applications.yaml"]
    assert application["metadata"]["name"] == "lockstep-prod"
    assert application["spec"]["source"]["path"] == "rendered/prod"
    assert application["spec"]["source"]["directory"] == {
        "recurse": True,
        "include": "{clusters/*/application.yaml,families/*/application.yaml,"
        "tenants/*/appproject.yaml,tenants/*/*/application.yaml,environment/appproject.yaml}",
    }
    assert "annotations" not in application["metadata"]
    assert application["spec"]["project"] == "default"
    assert "finalizers" not in application["metadata"]

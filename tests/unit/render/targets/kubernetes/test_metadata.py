"""Names and labels of the objects."""

from tests.unit.render.rendering import STABLE, cluster, render_one
from tests.unit.render.specs import to


def test_every_object_says_what_it_belongs_to() -> None:
    for manifest in render_one(cluster()).manifests.values():
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "lockstep"
        assert labels["lockstep.dev/environment"] == "prod"
        assert labels["lockstep.dev/tenant"] == "risk"
        assert labels["lockstep.dev/family"] == "fraud"
        assert labels["lockstep.dev/cluster"] == "fraud-eu"


def test_a_version_that_is_not_a_valid_name_still_gives_valid_names() -> None:
    variants = [{**STABLE, "version": "2.0_RC1"}]
    folder = render_one(cluster(variants=variants), versions=("2.0_RC1",))
    (name,) = (name for name in folder.files if name.startswith("deployment-"))
    slug = name.removeprefix("deployment-").removesuffix(".yaml")
    assert slug.startswith("v2-")
    deployment = folder.manifests[name]
    assert deployment["metadata"]["name"].startswith(f"fraud-eu-{slug}"[:40])
    assert deployment["metadata"]["labels"]["lockstep.dev/version"] == "2.0_RC1"
    (route,) = folder.manifests["virtualservice.yaml"]["spec"]["http"]
    assert route["route"] == [to(slug, 100)]

"""Where Argo CD takes manifests from."""

import pytest

from lockstep.differences.compare import compare_folders
from lockstep.differences.dangers.delivery import SETTINGS_KIND
from lockstep.differences.folders import ComparedFolder, ObjectId
from tests.unit.differences.manifests import SECRETS, application, dangers, edited


@pytest.mark.parametrize(
    "field",
    ["source.repoURL", "source.targetRevision", "source.path", "destination.name", "project"],
)
def test_another_source_destination_or_project_is_named(field: str) -> None:
    new = edited(application(), "spec", *field.split("."), value="other")
    assert dangers([application()], [new]) == [
        f"argocd-source: spec.{field} change: Argo CD applies other manifests, or applies them "
        "elsewhere"
    ]


def test_other_fields_and_a_new_cluster_are_none() -> None:
    new = edited(application(), "spec", "syncPolicy", value={"retry": {"limit": 3}})
    assert dangers([application()], [new]) == []
    assert dangers([], [application()]) == []


def test_another_followed_branch_is_named_and_another_pin_is_not() -> None:
    def found(**after: str) -> list[str]:
        before = {"branch": "main", "repository": "https://git.example.com/ml/fleet.git"}
        names = {"lockstep.yaml": ObjectId("", SETTINGS_KIND, "", "lockstep.yaml")}
        sides = {"lockstep.yaml": before}, {"lockstep.yaml": {**before, **after}}
        made = ComparedFolder(before=sides[0], after=sides[1], names=names)
        objects = compare_folders([made], {}, SECRETS)
        return [danger.text for each in objects for danger in each.dangers]

    assert found(branch="other") == ["branch changes: Lockstep and Argo CD follow another branch"]
    assert found(version="2") == []

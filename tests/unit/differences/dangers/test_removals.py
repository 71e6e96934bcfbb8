"""Deleted clusters of production, and Services that callers lose."""

from lockstep.differences.compare import compare_folders
from tests.unit.differences.manifests import (
    SECRETS,
    application,
    compared,
    dangers,
    deployment,
    folder,
    manifest,
)

GONE = "production-deletion: a cluster of production is deleted, with all of its pods and its host"
RENAMED = "renamed-service: the Service gets another name: callers of the old one get no answer"
LEFT = "renamed-service: the Service goes, and its cluster stays: its callers get no answer"


def test_a_deleted_cluster_of_production_is_named_once() -> None:
    assert dangers([application(), deployment()], []) == [GONE]
    # One whose Application was never there goes, too.
    assert dangers([deployment("1"), deployment("2")], []) == [GONE]


def test_elsewhere_and_for_an_environment_a_deletion_is_none() -> None:
    assert dangers([application()], [], production=False) == []
    assert dangers([application()], [], cluster="", region="") == []
    assert dangers([application(), deployment("1"), deployment("2")], [application()]) == []


def test_a_renamed_service_is_named_and_a_new_one_is_not() -> None:
    old, new = manifest("Service", ""), manifest("Service", "next")
    assert dangers([old, deployment()], [new, deployment()]) == [RENAMED]
    assert dangers([old, deployment()], [deployment()]) == [LEFT]
    assert dangers([old], [old, new]) == []
    assert dangers([old], [], production=False) == []  # the whole cluster goes


def test_a_service_is_renamed_with_its_cluster() -> None:
    before = folder([manifest("Service", "")], [], production=False)
    after = folder([], [manifest("Service", "", cluster="fraud-eu")], cluster="fraud-eu")
    found = compare_folders([before, after], {}, SECRETS)
    assert [danger.text for each in found for danger in each.dangers] == [
        RENAMED.removeprefix("renamed-service: ")
    ]
    elsewhere = folder([], [manifest("Service", "", cluster="x")], cluster="x", region="us")
    found = compare_folders([before, elsewhere], {}, SECRETS)
    assert [danger for each in found for danger in each.dangers] == []


def test_removed_objects_have_no_fields() -> None:
    (found,) = compared([deployment()], [], production=False)
    assert found.change == "removed" and found.fields == () and found.role == "v1"

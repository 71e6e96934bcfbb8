"""What pods, identities and projects may do in addition."""

from typing import Any

import pytest

from tests.unit.differences.manifests import dangers, deployment, edited, manifest

POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
SECURITY = (*CONTAINER, "securityContext")


def privileges(before: list[Any], after: list[Any]) -> list[str]:
    every = dangers(before, after)
    return [text.partition(": ")[2] for text in every if text.startswith("privileges")]


@pytest.mark.parametrize(
    ("pointer", "value", "text"),
    [
        ((*SECURITY, "privileged"), True, "container model is privileged"),
        ((*SECURITY, "allowPrivilegeEscalation"), True, "container model may gain privileges"),
        ((*SECURITY, "allowPrivilegeEscalation"), None, "container model may gain privileges"),
        ((*SECURITY, "runAsUser"), 0, "container model may run as root"),
        ((*SECURITY, "runAsNonRoot"), False, "container model may run as root"),
        ((*POD, "securityContext", "runAsNonRoot"), None, "container model may run as root"),
        ((*SECURITY, "readOnlyRootFilesystem"), None,
         "container model may write to its file system"),
        ((*SECURITY, "seccompProfile"), {"type": "Unconfined"},
         "container model may make every system call"),
        ((*SECURITY, "capabilities", "add"), ["NET_ADMIN"],
         "container model gets the capability NET_ADMIN"),
        ((*SECURITY, "capabilities", "drop"), ["KILL"],
         "container model keeps the capabilities that runtimes give by default"),
        ((*POD, "hostNetwork"), True, "its pods use the network of their node"),
        ((*POD, "automountServiceAccountToken"), None,
         "its pods get a token for the API of Kubernetes"),
        ((*POD, "volumes", 0, "hostPath"), {"path": "/etc"}, "its pods mount /etc of their node"),
        ((*POD, "serviceAccountName"), "admin", "its pods run as another ServiceAccount"),
    ],
)  # fmt: skip
def test_each_privilege_is_named_when_it_comes_and_not_when_it_goes(
    pointer: tuple[str | int, ...], value: Any, text: str
) -> None:
    old = deployment()
    new = edited(old, *pointer, value=value)
    assert privileges([old], [new]) == [text]
    if pointer[-1] != "serviceAccountName":
        assert privileges([new], [old]) == []
        assert privileges([new], [edited(new, "spec", "replicas", value=9)]) == []


def test_a_further_container_without_limits_is_named() -> None:
    old = deployment()
    containers = [*old["spec"]["template"]["spec"]["containers"], {"name": "helper"}]
    found = privileges([old], [edited(old, *POD, "initContainers", value=containers)])
    assert "container helper may gain privileges" in found
    assert not any("container model" in text for text in found)


def test_a_new_version_is_compared_with_those_beside_it() -> None:
    old, new = deployment("1"), deployment("2")
    rooted = edited(new, *SECURITY, "runAsUser", value=0)
    assert privileges([old], [old, new]) == []
    assert privileges([old], [old, rooted]) == ["container model may run as root"]
    assert privileges([edited(old, *SECURITY, "runAsUser", value=0)], [old, rooted]) == []


@pytest.mark.parametrize(
    "key",
    ["eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account",
     "azure.workload.identity/client-id"],
)  # fmt: skip
def test_another_identity_in_the_cloud_is_named(key: str) -> None:
    def account(**annotations: str) -> Any:
        made = manifest("ServiceAccount", "")
        if annotations:
            made["metadata"]["annotations"] = annotations
        return {**made, "automountServiceAccountToken": False}

    text = f"its pods get another identity in the cloud, by {key}"
    assert privileges([account(**{key: "a"})], [account(**{key: "b"})]) == [text]
    assert privileges([account()], [account(**{key: "b"})]) == [text]
    assert privileges([account(**{key: "b"})], [account()]) == []
    assert privileges([account(note="a")], [account(note="b")]) == []
    token = {**account(), "automountServiceAccountToken": True}
    assert privileges([account()], [token]) == ["its pods get a token for the API of Kubernetes"]
    assert privileges([token], [account()]) == []


@pytest.mark.parametrize(
    ("field", "more", "text"),
    [
        ("sourceRepos", "https://git.example.com/other.git", "apply from further repositories"),
        ("destinations", {"name": "prod-us", "namespace": "x"}, "deploy to further destinations"),
        ("clusterResourceWhitelist", {"group": "", "kind": "Node"},
         "apply further kinds of whole clusters"),
        ("namespaceResourceWhitelist", {"group": "", "kind": "Secret"},
         "apply further kinds in namespaces"),
    ],
)  # fmt: skip
def test_a_wider_project_is_named_and_a_narrower_one_is_not(
    field: str, more: Any, text: str
) -> None:
    narrow, wide = (manifest("AppProject", "", {field: each}) for each in ([], [more]))
    assert privileges([narrow], [wide]) == [f"the project of the tenant may {text}"]
    assert privileges([wide], [narrow]) == []
    assert privileges([], [wide]) == []  # a new tenant has a project


def test_an_entry_for_any_name_is_wider_than_one_with_a_name() -> None:
    def project(**name: str) -> Any:
        kinds = [{"group": "", "kind": "Namespace", **name}]
        return manifest("AppProject", "", {"clusterResourceWhitelist": kinds})

    text = "the project of the tenant may apply further kinds of whole clusters"
    assert privileges([project(name="fraud")], [project()]) == [text]


def test_what_a_project_no_longer_forbids_is_named() -> None:
    kinds = [{"group": "", "kind": "Secret"}]
    old, new = (manifest("AppProject", "", {"namespaceResourceBlacklist": k}) for k in (kinds, []))
    text = "the project of the tenant may apply kinds that spec.namespaceResourceBlacklist had"
    assert privileges([old], [new]) == [text]
    assert privileges([new], [old]) == []

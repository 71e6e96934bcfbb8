"""The volumes that a spec names."""

from typing import Any

import pytest

from lockstep.render.trace.objects import trace_object
from tests.unit.render import rendering
from tests.unit.render.rendering import fleet_of, render_one, tree_of
from tests.unit.render.specs import pod_of, serving, the_finding

VOLUMES: dict[str, Any] = {
    "shm": {"mountPath": "/dev/shm", "emptyDir": {"medium": "Memory", "sizeLimit": "512Mi"}},
    "cache": {"mountPath": "/cache", "subPath": "llama", "readOnly": True,
              "persistentVolumeClaim": {"claimName": "models"}},
    "settings": {"mountPath": "/etc/a", "configMap": {"name": "settings"}},
    "tls": {"mountPath": "/etc/tls", "secret": {"secretName": "tls"}, "readOnly": False},
}  # fmt: skip


def test_a_pod_has_the_volumes_and_the_model_mounts_them() -> None:
    folder = render_one(serving(volumes=VOLUMES))
    assert folder.findings == ()
    pod = pod_of(folder)["spec"]
    assert pod["volumes"] == [
        {"name": "scratch", "emptyDir": {}},
        {"name": "cache", "persistentVolumeClaim": {"claimName": "models"}},
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "512Mi"}},
        {"name": "tls", "secret": {"secretName": "tls"}},
    ]
    assert pod["containers"][0]["volumeMounts"] == [
        {"name": "scratch", "mountPath": "/tmp"},
        {"name": "cache", "mountPath": "/cache", "subPath": "llama", "readOnly": True},
        {"name": "settings", "mountPath": "/etc/a"},
        {"name": "shm", "mountPath": "/dev/shm"},
        {"name": "tls", "mountPath": "/etc/tls"},
    ]


@pytest.mark.parametrize(
    ("volumes", "message", "pointer"),
    [
        ({"scratch": {}}, "Lockstep itself writes a volume scratch", "/scratch"),
        ({"a": {"mountPath": "/tmp", "emptyDir": {}}},
         "/tmp is the path of volume scratch already", "/a/mountPath"),
        ({"a": {"mountPath": "/x", "emptyDir": {}}, "b": {"mountPath": "/x", "emptyDir": {}}},
         "/x is the path of volume a already", "/b/mountPath"),
        ({"a": {"mountPath": "/x"}},
         "a volume is one of persistentVolumeClaim, emptyDir, secret, configMap; this one has 0 "
         "of them", "/a"),
        ({"a": {"mountPath": "/x", "emptyDir": {}, "configMap": {"name": "a"}}},
         "a volume is one of persistentVolumeClaim, emptyDir, secret, configMap; this one has 2 "
         "of them", "/a"),
        ({"a": {"mountPath": "/x", "hostPath": {"path": "/"}}},
         "a volume is one of persistentVolumeClaim, emptyDir, secret, configMap; this one has 0 "
         "of them", "/a"),
        ({"a": {"mountPath": "/x/b", "emptyDir": {}},
          "b": {"mountPath": "/x", "configMap": {"name": "a"}}},
         "/x is the path of volume b, in which no folder can be made", "/a/mountPath"),
        ({"a": {"mountPath": "/x", "subPath": 1, "emptyDir": {}}},
         "spec.serving.volumes.a.subPath must be text", "/a/subPath"),
    ],
)  # fmt: skip
def test_a_volume_is_one_thing_at_one_path(volumes: Any, message: str, pointer: str) -> None:
    finding = the_finding(tree_of(serving(volumes=volumes)))
    assert (finding.message, finding.pointer) == (message, f"/spec/serving/volumes{pointer}")


def test_a_folder_can_be_in_another_volume() -> None:
    every: list[dict[str, Any]] = [{"emptyDir": {}}, {"subPath": "a", "configMap": {"name": "a"}}]
    for above in every:
        volumes = {"a": {"mountPath": "/x", **above}, "b": {"mountPath": "/x/b", "emptyDir": {}}}
        assert render_one(serving(volumes=volumes)).findings == ()


def test_a_claim_is_traced_to_the_volume_that_names_it() -> None:
    environment, family = rendering.only_family(fleet_of(tree_of(serving(volumes=VOLUMES))))
    trace = trace_object(
        family.clusters[0], family, environment, rendering.templates(), "Deployment",
        "fraud-eu-v41", "/spec/template/spec/volumes/1/persistentVolumeClaim",
    )  # fmt: skip
    here = "/spec/serving/volumes/cache/persistentVolumeClaim/claimName"
    assert trace.finding("", "", "").pointer == here

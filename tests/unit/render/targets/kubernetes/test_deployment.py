"""The Deployment of each version: model, probes, rights, replicas and zones."""

from lockstep.render import render_cluster
from tests.unit.render import rendering
from tests.unit.render.rendering import IMAGE, STABLE, cluster, render_one, tree_of
from tests.unit.render.specs import TEN, TOKEN, WARM, pod_of, serving, the_finding, to


def test_a_deployment_is_named_by_version_and_runs_that_version() -> None:
    deployment = render_one(cluster()).manifests["deployment-v41.yaml"]
    assert deployment["metadata"]["name"] == "fraud-eu-v41"
    pod = deployment["spec"]["template"]
    selector = {"lockstep.dev/cluster": "fraud-eu", "lockstep.dev/version": "41"}
    assert deployment["spec"]["selector"]["matchLabels"] == selector
    assert selector.items() <= pod["metadata"]["labels"].items()
    (container,) = pod["spec"]["containers"]
    assert container["image"] == IMAGE
    assert container["env"] == [
        {"name": "MODEL_URI", "value": "models:/m-41"},
        {"name": "MODEL_DIGEST", "value": "sha256:" + "41" * 32},
        {"name": "MODEL_VERSION", "value": "41"},
    ]
    assert container["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"cpu": "1", "memory": "1Gi"},
    }


def test_a_pod_has_no_rights_that_it_does_not_need() -> None:
    spec = render_one(cluster()).manifests["deployment-v41.yaml"]["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_pods_say_whose_they_are_and_selectors_do_not() -> None:
    spec = render_one(cluster()).manifests["deployment-v41.yaml"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    whose = {
        "app.kubernetes.io/instance": "fraud-eu",
        "lockstep.dev/tenant": "risk",
        "lockstep.dev/environment": "prod",
    }
    assert whose.items() <= labels.items()
    assert spec["selector"]["matchLabels"].keys() == {
        "lockstep.dev/cluster",
        "lockstep.dev/version",
    }


def test_pods_have_a_sidecar_that_is_ready_before_they_are() -> None:
    metadata = pod_of(render_one(cluster()))["metadata"]
    assert metadata["labels"]["sidecar.istio.io/inject"] == "true"
    assert metadata["annotations"] == {
        "proxy.istio.io/config": '{"holdApplicationUntilProxyStarts": true}',
        "sidecar.istio.io/nativeSidecar": "true",
    }


def test_a_warm_version_has_all_its_replicas_and_no_traffic() -> None:
    folder = render_one(cluster(variants=[STABLE, WARM]))
    assert folder.manifests["deployment-v42.yaml"]["spec"]["replicas"] == 3
    assert "destinationrule-v42.yaml" in folder.files
    (route,) = folder.manifests["virtualservice.yaml"]["spec"]["http"]
    assert route["route"] == [to("v41", 100)]


def test_a_variant_that_is_neither_warm_nor_served_has_no_workload() -> None:
    for idle in ({**TEN, "weight": 0}, {**WARM, "warm": False}):
        assert "deployment-v42.yaml" not in render_one(cluster(variants=[STABLE, idle])).files


def test_environment_text_is_not_expanded_by_kubernetes() -> None:
    only, family, environment = rendering.family_in_memory(cluster(), source="s3://$(HOME)/$$x")
    folder = render_cluster(only, family, environment, rendering.templates())
    spec = folder.manifests["deployment-v41.yaml"]["spec"]["template"]["spec"]
    assert spec["containers"][0]["env"][0]["value"] == "s3://$$(HOME)/$$$$x"


def test_the_model_has_the_command_and_the_users_of_the_spec() -> None:
    accounts = {"runAsUser": 1000, "fsGroup": 2000}
    folder = render_one(
        serving(command=["vllm", "serve"], args=["--a=$(B)"], securityContext=accounts)
    )
    pod = pod_of(folder)["spec"]
    assert pod["containers"][0]["command"] == ["vllm", "serve"]
    assert pod["containers"][0]["args"] == ["--a=$(B)"]
    assert accounts.items() <= pod["securityContext"].items()
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_variables_are_behind_those_that_they_may_name() -> None:
    spec = cluster(access={"secrets": {"TOKEN": TOKEN}})
    spec["spec"]["serving"]["env"] = {"B": "8", "A": "$(TOKEN)"}
    env = pod_of(render_one(spec))["spec"]["containers"][0]["env"]
    assert [each["name"] for each in env][3:] == ["TOKEN", "A", "B"]
    assert env[4:] == [{"name": "A", "value": "$(TOKEN)"}, {"name": "B", "value": "8"}]


def test_a_variable_cannot_replace_what_a_pod_serves_or_a_secret() -> None:
    spec = cluster(access={"secrets": {"TOKEN": TOKEN}})
    for name, says in (
        ("MODEL_DIGEST", "the variable MODEL_DIGEST says which model a pod serves"),
        ("TOKEN", "the variable TOKEN is a secret in spec.access.secrets"),
    ):
        spec["spec"]["serving"]["env"] = {name: "a"}
        finding = the_finding(tree_of(spec))
        assert (finding.message, finding.pointer) == (says, f"/spec/serving/env/{name}")


def test_any_resource_is_requested() -> None:
    amounts = {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "2", "ephemeral-storage": "50Gi"}
    folder = render_one(serving(resources={"requests": amounts, "limits": amounts}))
    resources = pod_of(folder)["spec"]["containers"][0]["resources"]
    assert resources == {"requests": amounts, "limits": amounts}


def test_the_rollout_of_pods_waits_for_a_slow_start() -> None:
    slow = {"startup": {"periodSeconds": 30, "failureThreshold": 300}}
    for probes, seconds in (({}, 2400), ({"probes": slow}, 9600)):
        deployment = render_one(serving(**probes)).manifests["deployment-v41.yaml"]
        assert deployment["spec"]["progressDeadlineSeconds"] == seconds

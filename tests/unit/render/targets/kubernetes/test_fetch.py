"""Where pods get their model from: the init container, the volume, the registry's variables."""

from copy import deepcopy
from typing import Any

import pytest

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.finding import Finding
from lockstep.render import RenderedFolder, Templates, render_cluster
from tests.unit.render import rendering
from tests.unit.render.rendering import ENVIRONMENT, IMAGE, cluster, dump, fleet_of, tree_of
from tests.unit.render.specs import TOKEN, pod_of, the_finding

FETCHER = IMAGE.replace("sklearn-server", "lockstep")
BY_TOKEN = {"address": "https://mlflow.example.com", "secret": {"name": "reader", "token": "t"}}
BY_PASSWORD = {
    "address": "https://mlflow.example.com",
    "secret": {"name": "reader", "username": "u", "password": "p"},
}
REFERENCE = {"name": "reader", "key": "t"}
BY_VARIABLE = {"name": "MLFLOW_TRACKING_TOKEN", "valueFrom": {"secretKeyRef": REFERENCE}}
ADDRESS = {"name": "MLFLOW_TRACKING_URI", "value": "https://mlflow.example.com"}


def fetching(**more: Any) -> dict[str, Any]:
    whole = cluster()
    whole["spec"]["serving"]["fetch"] = {"image": FETCHER, **more}
    return whole


def tree(spec: dict[str, Any], registry: dict[str, Any] | None = BY_TOKEN) -> rendering.Tree:
    whole: dict[str, Any] = deepcopy(ENVIRONMENT)
    if registry is not None:
        whole["spec"]["registries"] = {"mlflow": registry}
    return {**tree_of(spec), "clusters/prod/environment.yaml": dump(whole)}


def rendered(
    spec: dict[str, Any],
    registry: dict[str, Any] | None = BY_TOKEN,
    templates: Templates | None = None,
) -> RenderedFolder:
    environment, family = rendering.only_family(fleet_of(tree(spec, registry)))
    return render_cluster(
        family.clusters[0], family, environment, templates or rendering.templates()
    )


def test_the_model_is_fetched_by_what_the_lock_says() -> None:
    (fetcher,) = pod_of(rendered(fetching()))["spec"]["initContainers"]
    assert (fetcher["name"], fetcher["image"]) == ("fetch-model", FETCHER)
    assert [*fetcher["command"], *fetcher["args"]] == [
        "lockstep", "fetch-model", "--timeout", "15m", "--max-size", "10Gi", "--",
        "models:/m-41", "sha256:" + "41" * 32, "/volume/model",
    ]  # fmt: skip
    assert fetcher["env"] == [ADDRESS, BY_VARIABLE]
    assert fetcher["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"},
    }  # fmt: skip


def test_the_server_can_only_read_the_verified_model() -> None:
    pod = pod_of(rendered(fetching(path="/models/fraud", sizeLimit="2Gi")))["spec"]
    (server,), (fetcher,) = pod["containers"], pod["initContainers"]
    assert {"name": "model", "emptyDir": {"sizeLimit": "2Gi"}} in pod["volumes"]
    assert {"name": "model", "mountPath": "/volume"} in fetcher["volumeMounts"]
    mount = {"name": "model", "mountPath": "/models/fraud", "subPath": "model", "readOnly": True}
    assert mount in server["volumeMounts"]
    assert {"name": "MODEL_PATH", "value": "/models/fraud"} in server["env"]
    assert not [each for each in server["env"] if each["name"].startswith("MLFLOW")]
    assert "2Gi" in fetcher["args"]


def test_without_fetch_the_server_loads_the_model_itself() -> None:
    pod = pod_of(rendered(cluster()))["spec"]
    assert "initContainers" not in pod
    assert pod["containers"][0]["env"][-2:] == [ADDRESS, BY_VARIABLE]
    assert "MODEL_PATH" not in str(pod)
    assert "MLFLOW" not in str(pod_of(rendered(cluster(), None)))


def test_user_and_password_come_from_the_secret_too() -> None:
    (fetcher,) = pod_of(rendered(fetching(), BY_PASSWORD))["spec"]["initContainers"]
    assert [(each["name"], each["valueFrom"]["secretKeyRef"]) for each in fetcher["env"][1:]] == [
        ("MLFLOW_TRACKING_PASSWORD", {"name": "reader", "key": "p"}),
        ("MLFLOW_TRACKING_USERNAME", {"name": "reader", "key": "u"}),
    ]
    (open_to_all,) = pod_of(rendered(fetching(), {"address": "http://mlflow:5000"}))["spec"][
        "initContainers"
    ]
    assert len(open_to_all["env"]) == 1


def test_its_own_resources_and_timeout() -> None:
    amounts = {"requests": {"cpu": "250m", "memory": "256Mi"}}
    (fetcher,) = pod_of(rendered(fetching(resources=amounts, timeout="1h")))["spec"][
        "initContainers"
    ]
    assert fetcher["resources"]["requests"] == {"cpu": "250m", "memory": "256Mi"}
    assert fetcher["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}
    assert "1h" in fetcher["args"]


def test_the_model_is_not_where_another_volume_is() -> None:
    finding = the_finding(tree(fetching(path="/tmp")))
    assert (finding.rule, finding.pointer) == ("render.input", "/spec/serving/fetch/path")
    assert finding.message == "another volume has its path at or below /tmp: /tmp"


def test_a_volume_of_the_spec_and_a_variable_of_the_server() -> None:
    spec = fetching()
    spec["spec"]["serving"] |= {
        "volumes": {"shm": {"mountPath": "/mnt/models", "emptyDir": {"sizeLimit": "1Gi"}}},
        "env": {"DATA": "$(MODEL_PATH)/data"},
    }
    shm = spec["spec"]["serving"]["volumes"]["shm"]
    # Below it, it would hide files that were verified.
    for path in ("/mnt/models", "/mnt/models/data"):
        shm["mountPath"] = path
        finding = the_finding(tree(spec))
        assert finding.message == f"another volume has its path at or below /mnt/models: {path}"
    shm["mountPath"] = "/dev/shm"
    deployment = rendered(spec).manifests["deployment-v41.yaml"]["spec"]
    (server,) = deployment["template"]["spec"]["containers"]
    # Kubernetes replaces only what is in front.
    names = [each["name"] for each in server["env"]]
    assert names.index("MODEL_PATH") < names.index("DATA")
    assert {each["name"] for each in server["volumeMounts"]} == {"scratch", "model", "shm"}
    spec["spec"]["serving"]["env"] = {"MODEL_PATH": "/elsewhere"}
    assert the_finding(tree(spec)).pointer == "/spec/serving/env/MODEL_PATH"


def test_the_model_is_not_in_a_volume_of_files() -> None:
    spec = fetching(path="/etc/a/model")
    above = {"mountPath": "/etc/a", "configMap": {"name": "a"}}
    spec["spec"]["serving"]["volumes"] = {"settings": above}
    finding = the_finding(tree(spec))
    assert finding.pointer == "/spec/serving/fetch/path"
    assert finding.message == (
        "/etc/a is the path of volume settings, in which no folder can be made"
    )


def test_a_rollout_waits_for_the_model() -> None:
    def deadline(folder: RenderedFolder) -> int:
        seconds = folder.manifests["deployment-v41.yaml"]["spec"]["progressDeadlineSeconds"]
        return int(seconds)

    assert deadline(rendered(fetching(timeout="1h"))) == deadline(rendered(cluster())) + 3600


@pytest.mark.parametrize(
    ("timeout", "says"),
    [
        ("20mx", "'20mx' is not a duration"), ("0s", "0s is out of range"),
        ("9999d", "9999d is out of range"),
    ],
)  # fmt: skip
def test_a_timeout_that_cannot_be_is_a_finding(timeout: str, says: str) -> None:
    finding = the_finding(tree(fetching(timeout=timeout)))
    assert (finding.rule, finding.pointer) == ("render.input", "/spec/serving/fetch/timeout")
    assert says in finding.message


def test_a_source_is_never_an_option_or_a_variable() -> None:
    spec = fetching()
    files = tree(spec)
    path = "clusters/prod/fraud/locks/41.yaml"
    files[path] = dump(rendering.lock("41", source="--help $(MLFLOW_TRACKING_TOKEN)"))
    environment, family = rendering.only_family(fleet_of(files))
    folder = render_cluster(family.clusters[0], family, environment, rendering.templates())
    args = pod_of(folder)["spec"]["initContainers"][0]["args"]
    assert args[args.index("--") + 1] == "--help $$(MLFLOW_TRACKING_TOKEN)"


def test_fetching_needs_a_registry() -> None:
    finding: Finding = the_finding(tree(fetching(), None))
    assert (finding.rule, finding.pointer) == ("render.registry", "/spec/serving/fetch")
    assert finding.message == (
        "the pods fetch their model from registry mlflow, and clusters/prod/environment.yaml does "
        "not say how they reach it"
    )
    assert finding.fix == "write spec.registries.mlflow there, with its address"


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MODEL_PATH"])
def test_a_secret_does_not_replace_what_the_environment_says(name: str) -> None:
    spec = fetching()
    spec["spec"]["access"] = {"secrets": {name: TOKEN}}
    finding = the_finding(tree(spec))
    assert (finding.rule, finding.pointer) == ("render.input", f"/spec/access/secrets/{name}")
    assert f"the variable {name} says where a pod gets its model from" in finding.message
    # Without a registry of the environment the variable is the cluster's own.
    spec["spec"]["serving"].pop("fetch")
    assert name in str(pod_of(rendered(spec, None)))


SERVER_MOUNT = "            - name: scratch\n              mountPath: /tmp\n{% for mount"
FETCHER_MOUNT = "            - name: model\n              mountPath: /volume\n"
FETCHER_ENV = "          terminationMessagePolicy: FallbackToLogsOnError\n"
PROXY = "            - name: {}\n              value: x\n"
VOLUMES = "        - name: scratch\n          emptyDir: {}\n"


def further(path: str, name: str = "scratch", more: str = "") -> str:
    """A mount that a template adds to the server, in front of its own."""
    return f"            - name: {name}\n              mountPath: {path}\n{more}{SERVER_MOUNT}"


def beside(container: str) -> str:
    """A container that a template adds behind the one that fetches."""
    return f"{FETCHER_MOUNT}        - name: late\n          image: x\n{container}"


def changed(*edits: tuple[str, str]) -> list[str]:
    """The messages about a template of the Deployment that is changed like this."""
    resources = rendering.resources()
    path = "templates/deployment/deployment.yaml.j2"
    for old, new in edits:
        assert old.encode() in resources[path]
        resources[path] = resources[path].replace(old.encode(), new.encode(), 1)
    folder = rendered(fetching(), templates=Templates(resources, read_kubernetes_schema))
    found = [finding for finding in folder.findings if finding.rule == "render.identity"]
    return [f"{finding.message}: {finding.related[0].note}" for finding in found]


@pytest.mark.parametrize(
    ("replace", "by"),
    [
        ("image: {{ fetch.image | quote }}", "image: other"),
        ("command: [lockstep]", "command: [sh]"),
        ("- {{ word | quote }}", "- {{ word | quote }}\n            - more"),
        ("readOnly: {{ read_only | quote }}", "readOnly: false"),
        ("subPath: {{ part | quote }}", "subPath: other"),
        ("{{ kind | quote }}:{{ source | block(12) }}", "emptyDir: {}"),
        ("mountPath: /volume\n", "mountPath: /elsewhere\n"),
        (FETCHER_ENV, "          restartPolicy: Always\n"),
        (FETCHER_ENV, f"{FETCHER_ENV}          workingDir: /volume\n"),
        ("value: {{ fetch.path | quote }}", "value: /elsewhere"),
        (FETCHER_MOUNT, beside("          volumeMounts:\n            - name: model\n"
                               "              mountPath: /m\n")),
        (VOLUMES, "        - name: scratch\n          configMap:\n            name: a\n"),
    ],
)  # fmt: skip
def test_no_template_can_serve_something_else(replace: str, by: str) -> None:
    assert changed((replace, by))


@pytest.mark.parametrize(
    "path",
    ["/mnt/models", "/mnt/models/data", "/mnt", "/mnt/models/", "mnt/models", "/mnt/x/../models"],
)
def test_no_template_hides_files_of_the_model(path: str) -> None:
    (message,) = changed((SERVER_MOUNT, further(path)))
    assert message == (
        "the deployment template does not write what the spec says at /spec/template/spec/"
        f'containers/*/volumeMounts/*/mountPath: here it is "{path}"; it must be a path that is '
        "not at, in or above /mnt/models"
    )


def test_no_last_message_is_a_file_of_the_model() -> None:
    path = "          terminationMessagePath: {}\n"
    server = "          startupProbe:"
    (message,) = changed((server, path.format("/mnt/models/model.pkl") + server))
    assert "must be a path that is not at, in or above /mnt/models" in message
    assert not changed((server, path.format("/var/log/last") + server))
    # Nor over the program that fetches.
    assert changed((FETCHER_ENV, path.format("/usr/local/bin/lockstep") + FETCHER_ENV))


def test_a_template_may_mount_elsewhere() -> None:
    assert not changed(
        (SERVER_MOUNT, further("/var/cache/server", more="              subPath: a\n"))
    )
    # In another container the same path is another folder.
    mount = "          volumeMounts:\n            - name: scratch\n"
    mount += "              mountPath: /mnt/models\n"
    assert not changed((FETCHER_MOUNT, beside(mount)))


def test_nothing_is_mounted_over_the_program_that_fetches() -> None:
    over = FETCHER_MOUNT.replace("model", "scratch").replace("/volume", "/usr/local/bin")
    assert changed((FETCHER_MOUNT, FETCHER_MOUNT + over))
    other = over.replace("scratch", "code")
    code = f"{VOLUMES}        - name: code\n          configMap:\n            name: a\n"
    (message,) = changed((FETCHER_MOUNT, FETCHER_MOUNT + other), (VOLUMES, code))
    assert message.startswith(
        "the deployment template adds /spec/template/spec/initContainers/*/volumeMounts/*, which "
        "no spec decides: "
    )


def test_what_fetches_gets_a_proxy_and_no_other_variable() -> None:
    assert not changed((FETCHER_ENV, PROXY.format("HTTPS_PROXY") + FETCHER_ENV))
    (message,) = changed((FETCHER_ENV, PROXY.format("PYTHONPATH") + FETCHER_ENV))
    assert 'here it is "PYTHONPATH"; it must be one of ["HTTP_PROXY", "http_proxy", ' in message

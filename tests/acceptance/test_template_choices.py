"""What a template may choose, and what it may not add although no spec speaks of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.example_fleet import (
    CONTAINERS,
    FAMILY,
    HELPER,
    INIT,
    POD,
    SECURITY,
    VOLUME,
    WITH_AUTOSCALER,
    ExampleFleet,
    open_example_fleet,
    template,
)
from tests.acceptance.fleets import Fleet

IDENTITY = "render.identity"
SCHEMA = "render.manifest"
LISTED = "policy.template-additions"

Edit = tuple[str, str, str]
"""The component, and what is replaced in its template."""


@pytest.fixture(scope="module")
def example() -> Iterator[ExampleFleet]:
    with open_example_fleet() as fleet:
        yield fleet


def annotated_pod(key: str, value: str = "a") -> Edit:
    old = "    spec:\n      serviceAccountName"
    return "deployment", old, f'      annotations:\n        {key}: "{value}"\n{old}'


def labelled_pod(key: str, value: str = "a") -> Edit:
    old = "{% for key, value in pod_labels %}\n"
    return "deployment", old, f'        {key}: "{value}"\n{old}'


def annotated(component: str, key: str, value: str = "a") -> Edit:
    return component, "  annotations:\n", f'  annotations:\n    {key}: "{value}"\n'


def labelled(component: str, key: str, value: str = "a") -> Edit:
    return component, "  labels:\n", f'  labels:\n    {key}: "{value}"\n'


def pod(text: str) -> Edit:
    return "deployment", POD, POD + text


def container(text: str) -> Edit:
    return "deployment", "          env:\n", text + "          env:\n"


def helper(place: str = CONTAINERS, *, more: str = "", with_limits: str = "") -> Edit:
    """A container next to the model, or before it."""
    added = HELPER.replace("          resources:\n", more + "          resources:\n")
    if with_limits:
        limits = "            limits:\n"
        added = added.replace(limits, f"{limits}              {with_limits}\n")
    return "deployment", CONTAINERS, place + added + ("" if place == CONTAINERS else CONTAINERS)


def volume(text: str) -> Edit:
    return "deployment", VOLUME, VOLUME + "        - name: a\n" + text


def service(text: str) -> Edit:
    return "service", "  type: ClusterIP\n", "  type: ClusterIP\n" + text


def in_deployment(text: str) -> Edit:
    return "deployment", "  strategy:\n", text + "  strategy:\n"


def autoscaler(text: str) -> Edit:
    return "horizontalpodautoscaler", "  metrics:\n", text + "  metrics:\n"


READINESS = (
    "          readinessProbe:\n            httpGet:\n              path: {{ health | quote }}\n"
    "              port: http\n            periodSeconds: 5\n            failureThreshold: 3\n"
)
BREAKER = "{% if policy.failover %}"
FAILOVER = (
    "    loadBalancer:\n      localityLbSetting:\n        enabled: true\n        failover:\n"
    "          - from: eu-west-1\n            to: us-east-1\n"
)
PORTS = "          ports:\n            - name: http\n              containerPort: 9000\n"
MODEL_PORT = "          ports:\n            - name: other\n              containerPort: 8080\n"

MESH_AND_CONTROLLERS: dict[str, Edit] = {
    "another image of the sidecar": annotated_pod("sidecar.istio.io/proxyImage"),
    "a volume of the sidecar": annotated_pod("sidecar.istio.io/userVolume"),
    "another template of the sidecar": annotated_pod("inject.istio.io/templates"),
    "ports that go past the sidecar": annotated_pod(
        "traffic.sidecar.istio.io/excludeInboundPorts", "8080"
    ),
    "another network of a pod": annotated_pod("k8s.v1.cni.cncf.io/networks"),
    "an agent in each pod": annotated_pod("instrumentation.opentelemetry.io/inject-python"),
    "a Service on another network": annotated("service", "tailscale.com/expose", "true"),
    "images that a controller replaces": annotated("deployment", "keel.sh/policy", "force"),
    "callers of a Service": annotated("service", "networking.istio.io/exportTo", "."),
    "a proxy of another team": labelled("service", "istio.io/use-waypoint"),
    "the pods of another Service": labelled_pod("app", "checkout"),
    "what a network policy allows": labelled_pod("network.example.org/database", "true"),
    "the routes of another control plane": labelled("virtualservice", "istio.io/rev"),
    "a DNS name for a ServiceAccount": annotated("serviceaccount", "vault.example.org/role"),
    "notifications of another project": annotated("application", "notifications.example.org/a"),
}

ADDED_TO_PODS: dict[str, tuple[str, Edit]] = {
    "a class that evicts others": (LISTED, pod("      priorityClassName: system-node-critical\n")),
    "all taints": (LISTED, pod("      tolerations:\n        - operator: Exists\n")),
    "the taint of another team": (
        LISTED, pod("      tolerations:\n        - key: team-b\n          operator: Exists\n")),
    "another runtime": (LISTED, pod("      runtimeClassName: runc\n")),
    "a volume of any driver": (
        LISTED, volume("          csi:\n            driver: csi.example.org\n")),
    "the claim of another cluster": (
        LISTED, volume("          persistentVolumeClaim:\n            claimName: ranking\n")),
    "a new claim": (
        LISTED, volume(
            "          ephemeral:\n            volumeClaimTemplate:\n              spec:\n"
            "                accessModes: [ReadWriteOnce]\n                resources:\n"
            "                  requests:\n                    storage: \"1Ti\"\n")),
    "devices of an init container": (
        "policy.resources-bounded", helper(INIT, with_limits="nvidia.com/gpu: 8")),
    "huge pages of an init container": (
        "policy.resources-bounded", helper(INIT, with_limits='hugepages-2Mi: "1Gi"')),
    "a certificate for somewhere else": (
        "policy.secret-references",
        volume(
            "          projected:\n            sources:\n              - podCertificate:\n"
            "                  signerName: example.org/signer\n"
            "                  keyType: ED25519\n                  keyPath: key\n")),
    "a node": (IDENTITY, pod("      nodeName: control-plane-1\n")),
    "a scheduler": (IDENTITY, pod("      schedulerName: other\n")),
    "a gate of scheduling": (
        IDENTITY, pod("      schedulingGates:\n        - name: example.org/never\n")),
    "a gate of readiness": (
        IDENTITY, pod("      readinessGates:\n        - conditionType: example.org/never\n")),
    "a claim of devices": (
        IDENTITY,
        pod("      resourceClaims:\n        - name: a\n          resourceClaimName: gpu\n")),
    "other addresses of names": (
        IDENTITY, pod('      hostAliases:\n        - ip: "192.0.2.1"\n          hostnames: [a]\n')),
    "another name server": (
        IDENTITY, pod('      dnsConfig:\n        nameservers: ["192.0.2.1"]\n')),
    "the names of the node": (IDENTITY, pod("      dnsPolicy: Default\n")),
    "another domain": (IDENTITY, pod("      hostname: a\n      subdomain: ranking\n")),
    "another system": (IDENTITY, pod("      os:\n        name: windows\n")),
    "users of the node": (IDENTITY, pod("      hostUsers: true\n")),
    "an end of each pod": (IDENTITY, pod("      activeDeadlineSeconds: 60\n")),
    "a very long end": (IDENTITY, pod("      terminationGracePeriodSeconds: 99999999\n")),
    "an end without any time": (IDENTITY, pod("      terminationGracePeriodSeconds: 0\n")),
    "a finalizer of each pod": (
        IDENTITY, ("deployment", "    spec:\n      serviceAccountName",
                   "      finalizers: [example.org/never]\n    spec:\n      serviceAccountName")),
    "no readiness": (IDENTITY, ("deployment", READINESS, "")),
    "another path of readiness": (
        IDENTITY, ("deployment", READINESS, READINESS.replace("{{ health", "{{ '/'"))),
    "readiness by a command": (
        IDENTITY, ("deployment", READINESS,
                   "          readinessProbe:\n            exec:\n              command: [ls]\n")),
    "readiness that no failure ends": (
        IDENTITY, ("deployment", READINESS,
                   READINESS.replace("Threshold: 3", "Threshold: 99999"))),
    "a container that gets the requests": (IDENTITY, helper(more=PORTS)),
    "an init container that gets them": (
        IDENTITY, helper(INIT, more="          restartPolicy: Always\n" + PORTS)),
    "the port of the model": (IDENTITY, helper(more=MODEL_PORT)),
    "an init container with the name of the model": (
        IDENTITY, ("deployment", CONTAINERS,
                   INIT + HELPER.replace("name: proxy", "name: model") + CONTAINERS)),
    "devices of a volume": (
        IDENTITY, container("          volumeDevices:\n            - name: scratch\n"
                            "              devicePath: /dev/a\n")),
}  # fmt: skip

ADDED_TO_OTHERS: dict[str, Edit] = {
    "pods that go before others are ready": (
        "deployment",
        "    type: RollingUpdate\n    rollingUpdate:\n      maxSurge: 1\n      maxUnavailable: 0\n",
        "    type: Recreate\n",
    ),
    "pods that go at once": ("deployment", "maxUnavailable: 0", 'maxUnavailable: "100%"'),
    "pods that are never available": in_deployment("  minReadySeconds: 99999999\n"),
    "a failure that nobody sees": in_deployment("  progressDeadlineSeconds: 999999999\n"),
    "another port of the pods": ("service", "targetPort: http", "targetPort: 15000"),
    "another port of the Service": ("service", "port: 80", "port: 81"),
    "a port past the routes": ("service", "appProtocol: http", "appProtocol: tcp"),
    "a second port": (
        "service", "  ports:\n",
        "  ports:\n    - name: tcp\n      port: 9\n      targetPort: http\n"),
    "a port of the node": (
        "service", "      port: 80\n", "      port: 80\n      nodePort: 30080\n"),
    "pods that are not ready": service("  publishNotReadyAddresses: true\n"),
    "no address": service("  clusterIP: None\n"),
    "requests that stay with a pod": service("  sessionAffinity: ClientIP\n"),
    "pods of the same node only": service("  internalTrafficPolicy: Local\n"),
    "pods of the same zone": service("  trafficDistribution: PreferClose\n"),
    "a load balancer": service("  loadBalancerClass: example.org/a\n"),
    "a failover of its own": ("destinationrule", BREAKER, FAILOVER + "{% if false %}"),
    "a policy for one version": (
        "destinationrule", "{% if subset %}",
        "{% if subset %}\n  trafficPolicy:\n    outlierDetection:\n"
        "      consecutive5xxErrors: 1\n      interval: \"10s\"\n      baseEjectionTime: \"9h\"\n"
        "      maxEjectionPercent: 100"),
    "a circuit breaker that sleeps": ("destinationrule", 'interval: "10s"', 'interval: "9000h"'),
    "a timeout of its own": (
        "virtualservice", "{% if retries %}", "      timeout: \"1ms\"\n{% if retries %}"),
    "an autoscaler that adds no pods": autoscaler(
        "  behavior:\n    scaleUp:\n      selectPolicy: Disabled\n"),
    "an autoscaler that waits": autoscaler(
        "  behavior:\n    scaleUp:\n      stabilizationWindowSeconds: 3600\n"),
    "another measure": ("horizontalpodautoscaler", "  metrics:\n",
        "  metrics:\n    - type: External\n      external:\n        metric:\n          name: a\n"
        '        target:\n          type: Value\n          value: "1"\n'),
    "status": ("service", "spec:\n", "status:\n  loadBalancer: {}\nspec:\n"),
    "an object that never changes": (
        "deployment", "  labels:\n", "  resourceVersion: \"1\"\n  labels:\n"),
    "another owner of an annotation": annotated("application", "notifications.argoproj.io/a"),
    "images that Argo CD replaces": annotated(
        "application", "argocd-image-updater.argoproj.io/image-list"),
    "the same for the environment": annotated("applications", "example.com/a"),
    "another owner of an autoscaler": annotated(
        "deployment", "scaledobject.keda.sh/transfer-hpa-ownership", "true"),
    "no sidecar": annotated_pod("sidecar.istio.io/inject", "false"),
    "no sidecar by a label": labelled_pod("sidecar.istio.io/inject", "false"),
}  # fmt: skip


def found(example: ExampleFleet, edit: Edit) -> dict[str, set[str]]:
    component, old, new = edit
    edits = {template(component): [(old, new)]}
    if component == "horizontalpodautoscaler":
        edits[FAMILY] = [WITH_AUTOSCALER]
    if component == "virtualservice":
        edits[FAMILY] = [("timeout: 2s", "bucketHeader: x-user")]
    return example.found(edits)


@pytest.mark.parametrize("edit", MESH_AND_CONTROLLERS.values(), ids=MESH_AND_CONTROLLERS)
def test_what_others_act_on_has_to_be_listed(example: ExampleFleet, edit: Edit) -> None:
    assert found(example, edit) == {LISTED: {template(edit[0])}}


@pytest.mark.parametrize(("rule", "edit"), ADDED_TO_PODS.values(), ids=ADDED_TO_PODS)
def test_pods_do_nothing_that_the_spec_does_not_say(
    example: ExampleFleet, rule: str, edit: Edit
) -> None:
    assert template(edit[0]) in found(example, edit).get(rule, set())


@pytest.mark.parametrize("edit", ADDED_TO_OTHERS.values(), ids=ADDED_TO_OTHERS)
def test_nor_do_other_objects(example: ExampleFleet, edit: Edit) -> None:
    rules = found(example, edit)
    assert template(edit[0]) in rules.get(IDENTITY, set()) | rules.get(SCHEMA, set())


OF_ORGANISATION: dict[str, Edit] = {
    "an annotation": annotated("deployment", "example.com/team", "risk"),
    "an annotation of a pod": annotated_pod("example.com/scrape", "true"),
    "another annotation of a pod": annotated_pod("prometheus.io/scrape", "true"),
    "an annotation of an Application": annotated("application", "example.com/team", "risk"),
    "a label": labelled("service", "example.com/team", "risk"),
    "a label of a pod": labelled_pod("example.com/team", "risk"),
    "a class of priority": pod("      priorityClassName: models\n"),
    "nodes for models": pod(
        "      tolerations:\n        - key: example.com/models\n          operator: Exists\n"),
    "a claim": volume("          persistentVolumeClaim:\n            claimName: models\n"),
}  # fmt: skip

HONEST: dict[str, Edit] = {
    "a sidecar in each pod": labelled_pod("sidecar.istio.io/inject", "true"),
    "the same by an annotation": annotated_pod("sidecar.istio.io/inject", "true"),
    "a variable": ("deployment", "          env:\n",
                   "          env:\n            - name: LOG_LEVEL\n              value: info\n"),
    "arguments": container('          args: ["--threads", "4"]\n'),
    "a volume in memory": volume("          emptyDir:\n            medium: Memory\n"),
    "a volume of settings": volume("          configMap:\n            name: settings\n"),
    "a user": ("deployment", "        runAsNonRoot: true\n",
               "        runAsNonRoot: true\n        runAsUser: 1000\n        fsGroup: 1000\n"),
    "users of its own": pod("      hostUsers: false\n"),
    "a profile of AppArmor": (
        "deployment", SECURITY,
        SECURITY + "            appArmorProfile:\n              type: RuntimeDefault\n"),
    "other nodes for each pod": (
        "deployment", "      topologySpreadConstraints:\n",
        "      topologySpreadConstraints:\n        - maxSkew: 1\n"
        "          topologyKey: kubernetes.io/hostname\n"
        "          whenUnsatisfiable: ScheduleAnyway\n"),
    "nodes of a kind": pod("      nodeSelector:\n        kubernetes.io/arch: amd64\n"),
    "an affinity": pod(
        "      affinity:\n        podAntiAffinity:\n"
        "          preferredDuringSchedulingIgnoredDuringExecution:\n            - weight: 1\n"
        "              podAffinityTerm:\n                topologyKey: kubernetes.io/hostname\n"),
    "fewer questions for names": pod(
        '      dnsConfig:\n        options:\n          - name: ndots\n            value: "2"\n'),
    "some time to end": pod("      terminationGracePeriodSeconds: 90\n"),
    "a hook before the end": container(
        "          lifecycle:\n            preStop:\n              exec:\n"
        '                command: ["sleep", "10"]\n'),
    "another startup": ("deployment", "failureThreshold: 60", "failureThreshold: 240"),
    "another readiness": (
        "deployment", READINESS, READINESS.replace("Threshold: 3", "Threshold: 2")
        + "            timeoutSeconds: 2\n            successThreshold: 2\n"),
    "readiness by number": (
        "deployment", READINESS, READINESS.replace("port: http", "port: {{ port | quote }}")),
    "a port for numbers": ("deployment", "          env:\n",
                           "            - name: metrics\n              containerPort: 9090\n"
                           "          env:\n"),
    "an init container": helper(INIT),
    "some time to be ready": in_deployment("  minReadySeconds: 10\n"),
    "a longer deadline": in_deployment("  progressDeadlineSeconds: 1800\n"),
    "HTTP of another version": ("service", "appProtocol: http", "appProtocol: http2"),
    "both kinds of addresses": service("  ipFamilyPolicy: PreferDualStack\n"),
    "what is so anyway": service(
        "  publishNotReadyAddresses: false\n  sessionAffinity: None\n"
        "  internalTrafficPolicy: Cluster\n"),
    "pods that go slowly": autoscaler(
        "  behavior:\n    scaleDown:\n      stabilizationWindowSeconds: 600\n"),
    "a drain of pods that are not ready": (
        "poddisruptionbudget", "  selector:\n",
        "  unhealthyPodEvictionPolicy: AlwaysAllow\n  selector:\n"),
    "secrets that are read more often": (
        "externalsecret", 'refreshInterval: "1h"', 'refreshInterval: "5m"'),
    "more pods that may be left out": (
        "destinationrule", "maxEjectionPercent: 50", "maxEjectionPercent: 100"),
}  # fmt: skip


LISTS = "policies/rules/template-additions/thresholds.yaml"


@pytest.fixture(scope="module")
def organised() -> Iterator[ExampleFleet]:
    """A fleet whose owners of the policies have listed some additions."""
    lists = {
        "labels: []": "labels: [example.com/]",
        "annotations: []": "annotations: [example.com/, prometheus.io/scrape]",
        "priority_classes: []": "priority_classes: [models]",
        "tolerations: []": "tolerations: [example.com/models]",
        "claims: []": "claims: [models]",
    }
    with open_example_fleet({LISTS: list(lists.items())}) as fleet:
        yield fleet


@pytest.mark.parametrize("edit", HONEST.values(), ids=HONEST)
def test_a_template_may_choose_what_is_harmless(example: ExampleFleet, edit: Edit) -> None:
    assert found(example, edit) == {}


@pytest.mark.parametrize("edit", OF_ORGANISATION.values(), ids=OF_ORGANISATION)
def test_the_owners_of_the_policies_can_list_more(
    example: ExampleFleet, organised: ExampleFleet, edit: Edit
) -> None:
    assert found(example, edit) == {LISTED: {template(edit[0])}}
    assert found(organised, edit) == {}


@pytest.mark.parametrize(
    "edit",
    [
        annotated("applications", "example.com/team"),
        annotated("deployment", "example.com.evil.example/team"),
        annotated("deployment", "prometheus.io/scrape-all"),
        labelled_pod("prometheus.io/scrape"),
        pod("      priorityClassName: models-first\n"),
        pod("      tolerations:\n        - operator: Exists\n"),
    ],
)
def test_what_is_like_something_listed_is_not(organised: ExampleFleet, edit: Edit) -> None:
    assert found(organised, edit)


WAIVER = """\
apiVersion: lockstep.dev/v1alpha1
kind: Waivers
metadata: {name: additions}
spec:
  waivers:
    - rule: template-additions
      scope: {environment: prod}
      owner: ml-platform@example.com
      reason: the nodes for models have a taint
      ticket: NODES-7
      expires: "2026-06-30"
"""


def test_a_waiver_allows_what_the_rule_denies_and_no_more(tmp_path: Path) -> None:
    fleet = Fleet.create(tmp_path)
    fleet.write("policies/data/waivers/additions.yaml", WAIVER)
    fleet.commit("a waiver")
    tolerant = POD + "      tolerations:\n        - operator: Exists\n"
    fleet.edit(template("deployment"), POD, tolerant)
    code, (finding,) = fleet.check()
    assert (code, finding["rule"], finding["suppression"]["ticket"]) == (0, LISTED, "NODES-7")
    fleet.edit(template("deployment"), POD, POD + "      nodeName: control-plane-1\n")
    code, findings = fleet.check()
    assert code == 10 and IDENTITY in {each["rule"] for each in findings}

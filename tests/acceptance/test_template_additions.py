"""What a template may not add, although no spec speaks of it."""

import pytest

from tests.acceptance.example_fleet import (
    CONTAINERS,
    HELPER,
    INIT,
    ExampleFleet,
    template,
)
from tests.acceptance.template_edits import (
    GRACE,
    READINESS,
    Edit,
    annotated,
    annotated_pod,
    autoscaler,
    container,
    found,
    helper,
    in_deployment,
    labelled,
    labelled_pod,
    pod,
    readiness,
    service,
    volume,
)

IDENTITY = "render.identity"
SCHEMA = "render.manifest"
LISTED = "policy.template-additions"


BALANCED = "        enabled: false\n"
FAILOVER = (
    "        enabled: true\n        failover:\n"
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
    "a very long end": (
        IDENTITY, ("deployment", GRACE, "      terminationGracePeriodSeconds: 99999999\n")),
    "an end without any time": (
        IDENTITY, ("deployment", GRACE, "      terminationGracePeriodSeconds: 0\n")),
    "a finalizer of each pod": (
        IDENTITY, ("deployment", "    spec:\n      serviceAccountName",
                   "      finalizers: [example.org/never]\n    spec:\n      serviceAccountName")),
    "no readiness": (IDENTITY, ("deployment", READINESS, "")),
    "another path of readiness": (IDENTITY, readiness(path="{{ '/' | quote }}")),
    "readiness by a command": (
        IDENTITY, ("deployment", READINESS,
                   "          readinessProbe:\n            exec:\n              command: [ls]\n")),
    "readiness that no failure ends": (IDENTITY, readiness(failures=99999)),
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
    "a failure that nobody sees": (
        "deployment", "{{ deadline | quote }}", "999999999"),
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
    "a failover of its own": ("destinationrule", BALANCED, FAILOVER),
    "pods of the caller's zone only": ("destinationrule", BALANCED, "        enabled: true\n"),
    "connections of its own": (
        "virtualservice", "  http:\n",
        "  tcp:\n    - match:\n        - gateways: [mesh]\n          port: 9\n      route:\n"
        "        - destination:\n            host: a.b.example.com\n            subset: a\n"
        "          weight: 100\n  http:\n"),
    "a policy for one version": (
        "destinationrule", "{% if subset %}",
        "{% if subset %}\n  trafficPolicy:\n    outlierDetection:\n"
        "      consecutive5xxErrors: 1\n      interval: \"10s\"\n      baseEjectionTime: \"9h\"\n"
        "      maxEjectionPercent: 100"),
    "a circuit breaker that sleeps": ("destinationrule", 'interval: "10s"', 'interval: "9000h"'),
    "a timeout of its own": (
        "virtualservice", "{% if retries %}", "      timeout: \"1ms\"\n{% if retries %}"),
    "an autoscaler that adds no pods": autoscaler(
        "    scaleUp:\n      selectPolicy: Disabled\n"),
    "an autoscaler that waits": autoscaler(
        "    scaleUp:\n      stabilizationWindowSeconds: 3600\n"),
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
    "no sidecar by a label": (
        "deployment", "{% for key, value in pod_labels %}\n        {{ key | quote }}: {{ value",
        "{% for key, value in pod_labels %}\n        {{ key | quote }}: "
        "{{ ('false' if key == 'sidecar.istio.io/inject' else value)"),
    "a gateway of its own": (
        "virtualservice", "{% for gateway in gateways %}",
        "    - istio-ingress/public\n{% for gateway in gateways %}"),
    "no confirmation of a deletion": ("application", "Prune=confirm,", ""),
    "retries of an old commit": ("application", "refresh: true", "refresh: false"),
}  # fmt: skip


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

"""A template may add to what spec and lock say, and not differ from it."""

from copy import deepcopy
from typing import Any

import pytest

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.finding import Finding
from lockstep.render import (
    RenderedFolder,
    Templates,
    render_cluster,
    render_environment,
    render_tenants,
)
from tests.unit.render import rendering
from tests.unit.render.specs import BREAKER, HPA, KEDA, NINETY, TEN, TOKEN, in_tenant, watched

SPEC = rendering.cluster(
    variants=[NINETY, TEN],
    traffic={
        "bucketHeader": "x-user-bucket",
        "timeout": "2s",
        "retries": {"attempts": 2},
        **BREAKER,
    },
    access={
        "secrets": {"TOKEN": TOKEN, "WHOLE": {"store": "other", "path": "ml/fraud"}},
        "refreshInterval": "5m",
        "identity": {"provider": "aws", "principal": "arn:aws:iam::123456789012:role/fraud"},
    },
    hosts=["fraud.example.com"],
)
SPEC["spec"]["serving"] |= {
    "zones": 3,
    "whenUnsatisfiable": "DoNotSchedule",
    "disruption": {"maxUnavailable": 1},
    "ports": {"grpc": 9001},
    "command": ["serve"],
    "args": ["--all"],
    "env": {"THREADS": "4"},
    "nodeSelector": {"example.com/pool": "gpu"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "a", "labelSelector": {"matchLabels": {"a": "b"}}}]}},
    "priorityClassName": "online",
    "runtimeClassName": "nvidia",
    "imagePullSecrets": [{"name": "pull"}],
    "securityContext": {"runAsUser": 1000},
    "probes": {"startup": {"failureThreshold": 9}, "liveness": {"httpGet": {"path": "/live"}},
               "readiness": {"timeoutSeconds": 7}},
    "volumes": {"cache": {"mountPath": "/c", "subPath": "d", "readOnly": True,
                          "persistentVolumeClaim": {"claimName": "models"}}},
    "lifecycle": {"preStop": {"sleep": {"seconds": 20}}},
    "terminationGracePeriodSeconds": 90,
}  # fmt: skip


def _rendered(component: str, old: str, new: str, **serving: Any) -> RenderedFolder:
    spec = deepcopy(SPEC)
    spec["spec"]["serving"] |= serving
    tree = rendering.resources()
    path = f"templates/{component}/{component}.yaml.j2"
    assert old in tree[path].decode(), old
    tree[path] = tree[path].decode().replace(old, new, 1).encode()
    environment, family = rendering.only_family(rendering.fleet_of(watched(spec)))
    templates = Templates(tree, read_kubernetes_schema)
    if component == "applications":
        return render_environment(environment, templates)
    if component == "appproject":
        (home, _) = rendering.only_family(rendering.fleet_of(in_tenant(spec)))
        (folder,) = render_tenants(home, templates)
        return folder
    return render_cluster(family.clusters[0], family, environment, templates)


def _findings(component: str, old: str, new: str, **serving: Any) -> list[Finding]:
    folder = _rendered(component, old, new, **serving)
    assert not folder.files
    path = f"templates/{component}/{component}.yaml.j2"
    assert {finding.file for finding in folder.findings} == {path}
    return list(folder.findings)


LABELS = "  labels:\n{% for key, value in labels %}"
ANNOTATIONS = "  annotations:\n"
PATHS = '    argocd.argoproj.io/manifest-generate-paths: "."\n'
CONTAINERS = "      containers:\n        - name: model\n"
ENV = "          env:\n"
DIFFERENT = [
    ("deployment", "namespace: {{ namespace", "namespace: {{ name"),
    ("deployment", "name: {{ name", "name: {{ namespace"),
    ("deployment", LABELS, "  labels:\n    lockstep.dev/wave: a\n{% for key, value in labels %}"),
    ("deployment", LABELS, '  labels:\n{% for key, value in labels[1:] %}'),
    ("deployment", "  labels:\n", "  generateName: a-\n  labels:\n"),
    ("deployment", "  labels:\n", "  finalizers: [example.com/keep]\n  labels:\n"),
    ("deployment", "  labels:\n", "  ownerReferences:\n    - {{ 1 | quote }}\n  labels:\n"),
    ("deployment", ANNOTATIONS, ANNOTATIONS + "    argocd.argoproj.io/hook: PostSync\n"),
    ("deployment", ANNOTATIONS, ANNOTATIONS + "    argocd.argoproj.io/sync-options: Replace\n"),
    ("deployment", 'sync-wave: "-1"', 'sync-wave: "9"'),
    ("deployment", "replicas: {{ replicas", "replicas: {{ 0"),
    ("deployment", "  replicas: {{ replicas | quote }}\n", ""),
    ("deployment", "  revisionHistoryLimit", "  paused: true\n  revisionHistoryLimit"),
    ("deployment", "{{ key | quote }}: {{ value | quote }}\n{% endfor %}\n  strategy",
     "{{ key | quote }}: {{ 'x' | quote }}\n{% endfor %}\n  strategy"),
    ("deployment", "in pod_labels %}", "in pod_labels[:2] %}"),
    ("deployment", "      annotations:\n",
     "      annotations:\n        iam.amazonaws.com/role: admin\n"),
    ("deployment", "in pod_annotations %}", "in pod_annotations[:1] %}"),
    ("deployment", "serviceAccountName: {{ service_account", "serviceAccountName: {{ 'admin'"),
    ("deployment", "      automount", "      serviceAccount: admin\n      automount"),
    ("deployment", "automountServiceAccountToken: false", "automountServiceAccountToken: true"),
    ("deployment", "image: {{ image", "image: {{ (image ~ '0')"),
    ("deployment", CONTAINERS, "      containers:\n        - name: main\n"),
    ("deployment", "name: {{ secret | quote }}", "name: ranking"),
    ("deployment", "value: {{ value | quote }}", "value: {{ (value ~ 'x') | quote }}"),
    ("deployment",
     "{% for key, value in env %}", "{% for key, value in env if key != 'MODEL_DIGEST' %}"),
    ("deployment", "{% for (key,) in secrets %}",
     "            - name: MODEL_URI\n              value: other\n{% for (key,) in secrets %}"),
    ("deployment",
     "{{ key | quote }}: {{ value | quote }}\n{% endfor %}\n          securityContext",
     "{{ key | quote }}: {{ '9' | quote }}\n{% endfor %}\n          securityContext"),
    ("deployment",
     "            limits:\n{% for key, value in limits %}\n              {{ key | quote }}:"
     " {{ value | quote }}\n{% endfor %}\n", ""),
    ("deployment", "containerPort: {{ port", "containerPort: {{ (port + 1)"),
    ("deployment", "minDomains: {{ least", "minDomains: {{ 1"),
    ("deployment", "whenUnsatisfiable: {{ otherwise", "whenUnsatisfiable: {{ 'ScheduleAnyway'"),
    ("deployment", "command:{{ command", "command:{{ args"),
    ("deployment", "          args:{{ args | block(12) }}\n", ""),
    ("deployment", "containerPort: {{ value", "containerPort: {{ (value + 1)"),
    ("deployment", "{% for key, value in variables %}", "{% for key, value in variables[1:] %}"),
    ("deployment", "nodeSelector:{{ node_selector | block(8) }}", "nodeSelector: {}"),
    ("deployment", "      tolerations:{{ tolerations | block(8) }}\n", ""),
    ("deployment", "      affinity:{{ affinity | block(8) }}\n", ""),
    ("deployment", "priorityClassName: {{ priority_class", "priorityClassName: {{ runtime_class"),
    ("deployment", "runtimeClassName: {{ runtime_class", "runtimeClassName: {{ priority_class"),
    ("deployment", "      imagePullSecrets:{{ pull_secrets | block(8) }}\n", ""),
    ("deployment", "{% for key, value in run_as %}", "{% for key, value in run_as[1:] %}"),
    ("deployment", "startupProbe:{{ startup_probe", "startupProbe:{{ liveness_probe"),
    ("deployment", "readinessProbe:{{ readiness_probe", "readinessProbe:{{ liveness_probe"),
    ("deployment", "livenessProbe:{{ liveness_probe", "livenessProbe:{{ readiness_probe"),
    ("deployment", "in mounts %}", "in mounts[1:] %}"),
    ("deployment", "              subPath: {{ part | quote }}\n", ""),
    ("deployment", "              readOnly: {{ read_only | quote }}\n", ""),
    ("deployment", "in volumes %}", "in volumes[1:] %}"),
    ("deployment", "          lifecycle:{{ lifecycle | block(12) }}\n", ""),
    ("deployment", "GracePeriodSeconds: {{ grace", "GracePeriodSeconds: {{ (grace + 1)"),
    ("service", "appProtocol: {{ protocol", "appProtocol: {{ 'tcp'"),
    ("service", "port: {{ number", "port: {{ (number + 1)"),
    ("service", "in ports %}", "in ports[1:] %}"),
    ("externalsecret", "refreshInterval: {{ refresh", "refreshInterval: {{ '9h'"),
    ("externalsecret", "kind: {{ store_kind", "kind: {{ 'ClusterSecretStore'"),
    ("externalsecret", "kind: {{ kind", "kind: {{ 'ClusterSecretStore'"),
    ("externalsecret", "property: {{ inner", "property: {{ key"),
    ("service", "cluster: {{ cluster", "cluster: {{ 'other'"),
    ("service", "  ports:\n", "    app: other\n  ports:\n"),
    ("service", "type: ClusterIP", "type: LoadBalancer"),
    ("service", "type: ClusterIP", "type: ClusterIP\n  externalIPs: [\"10.0.0.1\"]"),
    ("serviceaccount",
     "{{ value | quote }}\n{% endfor %}\nauto", "{{ 'a' | quote }}\n{% endfor %}\nauto"),
    ("serviceaccount", ANNOTATIONS, ANNOTATIONS + "    iam.gke.io/gcp-service-account: other\n"),
    ("serviceaccount", "Token: false", "Token: true"),
    ("externalsecret", "key: {{ path", "key: {{ 'ml/ranking'"),
    ("externalsecret", "property: {{ inner", "property: {{ 'password'"),
    ("externalsecret", "name: {{ store", "name: {{ 'other'"),
    ("externalsecret", "  target:\n    name: {{ name", "  target:\n    name: {{ 'ranking'"),
    ("poddisruptionbudget", "maxUnavailable: {{ max_unavailable", "maxUnavailable: {{ 0"),
    ("poddisruptionbudget", "value in selector %}", "value in selector[:1] %}"),
    ("destinationrule", "host: {{ host", "host: {{ 'other.fraud.svc.cluster.local'"),
    ("destinationrule", "version: {{ subset.version", "version: {{ '42'"),
    ("destinationrule", "name: {{ subset.name", "name: {{ 'v42'"),
    ("virtualservice", "{% for gateway in gateways %}", "    - x/y\n{% for gateway in gateways %}"),
    ("application", "refresh: true", "refresh: false"),
    ("application", "limit: -1", "limit: 5"),
    ("application", "istio-injection: enabled", "istio-injection: disabled"),
    ("application", "Prune=confirm,", ""),
    ("destinationrule",
     "consecutive5xxErrors: {{ policy.breaker.consecutive_errors", "consecutive5xxErrors: {{ 99"),
    ("virtualservice",
     "{% for host in hosts %}", "    - other.models.example.com\n{% for host in hosts %}"),
    ("virtualservice", "weight: {{ weight", "weight: {{ (100 - weight if weight < 100 else 100)"),
    ("virtualservice", "subset: {{ subset", "subset: {{ 'v42'"),
    ("virtualservice", "host: {{ service", "host: {{ 'other.example.com'"),
    ("virtualservice", "regex: {{ buckets", "regex: {{ '^(?:[0-9]|[1-9][0-9])$'"),
    ("virtualservice", "timeout: {{ timeout", "timeout: {{ '9s'"),
    ("virtualservice", "attempts: {{ retries.attempts", "attempts: {{ 9"),
    ("virtualservice", "number, inside in routes %}", "number, inside in routes[-1:] %}"),
    ("virtualservice", "              number: {{ number", "              number: {{ (number + 1)"),
    ("virtualservice", "port: {{ number", "port: {{ (number + 1)"),
    ("application", "repoURL: {{ repo_url", "repoURL: {{ 'https://git.example.com/other.git'"),
    ("application", "targetRevision: {{ revision", "targetRevision: {{ 'mine'"),
    ("application", "path: {{ path", "path: {{ 'rendered/prod/clusters/other'"),
    ("application", "project: {{ project", "project: {{ 'admin'"),
    ("application", "    name: {{ destination ", "    name: {{ 'in-cluster' "),
    ("application", "    namespace: {{ destination_namespace", "    namespace: {{ 'argocd'"),
    ("application", "prune: true", "prune: false"),
    ("application", "exclude: application.yaml", "exclude: a.yaml"),
    ("application", "    - resources-finalizer.argocd.argoproj.io", "    - example.com/other"),
    ("application", ANNOTATIONS, ANNOTATIONS + PATHS),
    ("applications", "spec:\n  project", ANNOTATIONS + PATHS + "spec:\n  project"),
    ("applications", "targetRevision: {{ revision", "targetRevision: {{ 'mine'"),
    ("applications", 'include: "{clusters/*/application.yaml,', 'include: "{*,'),
    ("applications", "refresh: true", "refresh: false"),
    ("appproject", "    - {{ repo_url", '    - "*"\n    - {{ repo_url'),
    ("appproject", "    - name: {{ destination ", "    - name: {{ '*' "),
    ("appproject", "namespace: {{ destination_namespace", "namespace: {{ 'kube-system'"),
    ("appproject", "kind: Namespace", "kind: ClusterRole"),
    ("appproject", "      name: {{ own ", "      name: {{ 'other' "),
    ("appproject", "kind: {{ kind ", "kind: {{ 'Secret' "),
    ("appproject", "spec:\n", "spec:\n  syncWindows:\n    - kind: deny\n"),
    ("appproject", "spec:\n", "spec:\n  roles:\n    - name: admin\n"),
    ("appproject", 'sync-wave: "-1"', 'sync-wave: "1"'),
    ("applications", "selfHeal: true", "selfHeal: false"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("component", "old", "new"), [each for each in DIFFERENT if each[1] != each[2]]
)
def test_what_the_spec_decides_no_template_changes(component: str, old: str, new: str) -> None:
    for finding in _findings(component, old, new):
        assert finding.rule in ("render.identity", "render.manifest")


SCALERS = [
    (
        "horizontalpodautoscaler",
        "name: {{ name | quote }}\n  minReplicas",
        "name: a\n  minReplicas",
    ),
    ("horizontalpodautoscaler", "minReplicas: {{ replicas", "minReplicas: {{ 0"),
    ("horizontalpodautoscaler", "maxReplicas: {{ max_replicas", "maxReplicas: {{ 1"),
    ("horizontalpodautoscaler", "averageUtilization: {{ cpu", "averageUtilization: {{ 1"),
    ("scaledobject", "name: {{ name | quote }}\n  minReplica", "name: a\n  minReplica"),
    ("scaledobject", "minReplicaCount: {{ replicas", "minReplicaCount: {{ 0"),
    ("scaledobject", "threshold: {{ threshold", "threshold: {{ '1'"),
    ("scaledobject", "serverAddress: {{ server", "serverAddress: {{ 'http://example.com'"),
    ("scaledobject", ANNOTATIONS, ANNOTATIONS + '    autoscaling.keda.sh/paused-replicas: "0"\n'),
    ("deployment", "replicas: {{ replicas", "replicas: {{ 0"),
    ("application", "  ignoreDifferences:", "  x-ignoreDifferences:"),
    ("application", "[/spec/replicas]", "[/spec/template]"),
    ("application", "RespectIgnoreDifferences=true", "RespectIgnoreDifferences=false"),
]


@pytest.mark.parametrize(("component", "old", "new"), SCALERS)
def test_nor_what_an_autoscaler_does(component: str, old: str, new: str) -> None:
    scaler = {"keda": KEDA} if component == "scaledobject" else {"hpa": HPA}
    for finding in _findings(component, old, new, **scaler):
        assert finding.rule in ("render.identity", "render.manifest")


ADDED = [
    ("deployment", ANNOTATIONS, ANNOTATIONS + "    example.com/team: risk\n"),
    ("deployment", "      annotations:\n",
     "      annotations:\n        sidecar.istio.io/inject: \"true\"\n"),
    ("deployment", CONTAINERS, "      containers:\n        - name: helper\n          image: a\n"
     "        - name: model\n"),
    ("deployment", ENV, ENV + "            - name: LOG_LEVEL\n              value: info\n"),
    ("deployment", "          emptyDir: {}\n",
     "          emptyDir: {}\n        - name: more\n          emptyDir: {}\n"),
    ("service", "  ports:\n", "  publishNotReadyAddresses: false\n  ports:\n"),
    ("serviceaccount", ANNOTATIONS, ANNOTATIONS + "    example.com/team: risk\n"),
]  # fmt: skip


@pytest.mark.parametrize(("component", "old", "new"), ADDED)
def test_a_template_may_add_what_no_spec_decides(component: str, old: str, new: str) -> None:
    folder = _rendered(component, old, new)
    assert not folder.findings
    assert folder.files


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("v1", "Secret"),
        ("v1", "List"),
        ("v1", "Namespace"),
        ("apps/v1", "DaemonSet"),
        ("v1beta1", "ServiceAccount"),
    ],
)
def test_a_component_writes_its_own_kind_and_no_other(api_version: str, kind: str) -> None:
    old = "apiVersion: v1\nkind: ServiceAccount"
    new = f"apiVersion: {api_version}\nkind: {kind}"
    (finding,) = _findings("serviceaccount", old, new)
    assert (finding.rule, finding.line) == ("render.kind", 3)
    assert finding.message == (
        "the serviceaccount template may write only v1 ServiceAccount; "
        f"it writes {api_version} {kind}"
    )


@pytest.mark.parametrize("more", ["---\n", "\n---\napiVersion: v1\nkind: Secret\n", "...\n"])
def test_a_file_holds_one_object(more: str) -> None:
    (finding,) = _findings("serviceaccount", "Token: false\n", f"Token: false\n{more}")
    assert finding.rule == "render.yaml"


def test_the_finding_is_at_the_line_of_the_template_and_names_the_cluster() -> None:
    (finding,) = _findings("deployment", "replicas: {{ replicas", "replicas: {{ (replicas - 3)")
    assert (finding.line, finding.rule) == (17, "render.identity")
    assert finding.message == (
        "the deployment template does not write what the spec says at /spec/replicas"
    )
    assert [(r.file, r.note) for r in finding.related] == [
        ("clusters/prod/fraud/c0.yaml", "here it is 0; it must be 3")
    ]


def test_objects_that_only_differ_are_still_there_for_rules() -> None:
    different = _rendered("deployment", "replicas: {{ replicas", "replicas: {{ 0")
    assert different.findings and "deployment-v41.yaml" in different.manifests
    malformed = _rendered("deployment", "  replicas:", "  replica:")
    assert malformed.findings and not malformed.manifests

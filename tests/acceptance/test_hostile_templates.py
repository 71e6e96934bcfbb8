"""A fleet may replace templates: whatever one writes, it alters nothing that specs decide.

What it may choose is in ``test_template_choices``, what not in ``test_template_additions``.
"""

import json
import shutil
from pathlib import Path

import pytest

from lockstep.check.pipeline import CheckInput, run_pipeline
from lockstep.cli import invoke
from lockstep.model.finding import Severity
from lockstep.policy.examples import NOW
from tests.acceptance.example_fleet import (
    CLUSTER,
    CONTAINERS,
    DIGEST,
    ENVIRONMENT,
    FAMILY,
    HELPER,
    INIT,
    POD,
    REPOSITORY,
    SECURITY,
    VOLUME,
    WITH_AUTOSCALER,
    ExampleFleet,
    template,
)
from tests.acceptance.world import git

ALTERED = {
    "another namespace": ("deployment", "namespace: {{ namespace", "namespace: {{ 'kube-system'"),
    "replicas 0": ("deployment", "replicas: {{ replicas", "replicas: {{ 0"),
    "no limits": ("deployment", "            limits:\n{% for key, value in limits %}\n"
                  "              {{ key | quote }}: {{ value | quote }}\n{% endfor %}\n", ""),
    "a wrong digest of the model": (
        "deployment", "{% for key, value in env %}\n            - name: {{ key | quote }}\n"
        "              value: {{ value | quote }}",
        "{% for key, value in env %}\n            - name: {{ key | quote }}\n"
        f"              value: {{{{ (value if key != 'MODEL_DIGEST' else '{DIGEST}') | quote }}}}"
    ),
    "a selector of another cluster": ("service", "cluster: {{ cluster", "cluster: {{ 'ranking'"),
    "another service account": (
        "deployment", "Name: {{ service_account", "Name: {{ 'ranking-eu-west-1'"),
    "another IAM role": (
        "serviceaccount", "{{ key | quote }}: {{ value | quote }}\n{% endfor %}\nauto",
        "{{ key | quote }}: {{ 'arn:aws:iam::1:role/admin' | quote }}\n{% endfor %}\nauto"),
    "an IAM role by an annotation of the pod": (
        "deployment", "{% for key, value in pod_annotations %}\n",
        "        iam.amazonaws.com/role: admin\n{% for key, value in pod_annotations %}\n"),
    "another repository": (
        "application", "repoURL: {{ repo_url", "repoURL: {{ 'https://git.example.com/x.git'"),
    "another branch": ("application", "targetRevision: {{ revision", "targetRevision: {{ 'x'"),
    "another branch for the environment": (
        "applications", "targetRevision: {{ revision", "targetRevision: {{ 'x'"),
    "another destination": ("application", "    name: {{ destination ", "    name: {{ 'x' "),
    "a hook of Argo CD": (
        "deployment", "  annotations:\n",
        "  annotations:\n    argocd.argoproj.io/hook: PreSync\n"),
    "an annotation that keeps an object from pruning": (
        "deployment", "  annotations:\n",
        '  annotations:\n    argocd.argoproj.io/sync-options: "Prune=false"\n'),
    "a generated name": ("deployment", "  labels:\n", "  generateName: a-\n  labels:\n"),
    "a finalizer that nothing removes": (
        "deployment", "  labels:\n", "  finalizers: [example.com/keep]\n  labels:\n"),
    "a deployment that is paused": ("deployment", "  strategy:\n", "  paused: true\n  strategy:\n"),
    "a mounted token": ("deployment", POD, POD.replace("false", "true")),
    "traffic to another service": (
        "virtualservice", "host: {{ service", "host: {{ 'x.example.com'"),
    "all traffic to one version": (
        "virtualservice", "weight: {{ weight",
        "weight: {{ (100 - weight if weight < 100 else 100)"),
    "another host": ("virtualservice", "  hosts:\n", "  hosts:\n    - other.example.com\n"),
    "the policy of another host": (
        "destinationrule", "host: {{ host", "host: {{ 'ranking-eu-west-1.ranking.svc'"),
    "a budget that blocks all drains": (
        "poddisruptionbudget", "maxUnavailable: {{ max_unavailable", "maxUnavailable: {{ 0"),
    "a budget of other pods": (
        "poddisruptionbudget", "{% for key, value in selector %}",
        "{% for key, value in selector[:1] %}"),
    "the secret of another tenant from the store": (
        "externalsecret", "key: {{ path", "key: {{ 'ml/ranking'"),
    "the store of the whole Kubernetes cluster": (
        "externalsecret", "kind: {{ store_kind | quote }}\n    name: {{ store |",
        "kind: ClusterSecretStore\n    name: {{ store |"),
    "no floor of the autoscaler": (
        "horizontalpodautoscaler", "minReplicas: {{ replicas", "minReplicas: {{ 1"),
    "an autoscaler of another deployment": (
        "horizontalpodautoscaler", "name: {{ name | quote }}\n  minReplicas",
        "name: ranking\n  minReplicas"),
}  # fmt: skip

OTHER_KINDS = [
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"), ("v1", "Secret"), ("v1", "List"),
    ("v1", "Namespace"), ("batch/v1", "Job"),
]  # fmt: skip

CANDIDATE = (
    '{name: stable, version: "7", weight: 100}',
    '{name: stable, version: "7", weight: 90}\n    - {name: candidate, version: "8", weight: 10}',
)


@pytest.mark.parametrize(("component", "old", "new"), ALTERED.values(), ids=ALTERED)
def test_a_template_alters_nothing_that_a_spec_decides(
    example: ExampleFleet, component: str, old: str, new: str
) -> None:
    edits = {template(component): [(old, new)]}
    if component == "horizontalpodautoscaler":
        edits[FAMILY] = [WITH_AUTOSCALER]
    if component == "virtualservice":
        edits[CLUSTER] = [CANDIDATE]
    rules = example.found(edits)
    known = rules.get("render.identity", set()) | rules.get("render.manifest", set())
    assert template(component) in known


@pytest.mark.parametrize(("api_version", "kind"), OTHER_KINDS)
def test_a_component_writes_one_kind(example: ExampleFleet, api_version: str, kind: str) -> None:
    path = template("serviceaccount")
    edit = ("apiVersion: v1\nkind: ServiceAccount", f"apiVersion: {api_version}\nkind: {kind}")
    assert example.found({path: [edit]})["render.kind"] == {path}


def test_a_file_holds_one_object(example: ExampleFleet) -> None:
    path = template("serviceaccount")
    edit = ("Token: false\n", "Token: false\n---\napiVersion: v1\nkind: Secret\n")
    assert example.found({path: [edit]})["render.yaml"] == {path}


HARDENED = {
    "privileged": ("pod-security", SECURITY, SECURITY + "            privileged: true\n"),
    "privileged in one region only": (
        "pod-security", SECURITY,
        SECURITY + "{% if 'eu-west-1' in name %}\n            privileged: true\n{% endif %}\n"),
    "root": ("pod-security", "        runAsNonRoot: true\n", "        runAsUser: 0\n"),
    "the path of a node": (
        "pod-security", VOLUME, 
        VOLUME + "        - name: a\n          hostPath:\n            path: /\n"),
    "the network of a node": ("pod-security", POD, POD + "      hostNetwork: true\n"),
    "shared processes": ("pod-security", POD, POD + "      shareProcessNamespace: true\n"),
    "a capability": (
        "pod-security", "              drop: [ALL]\n",
        "              drop: [ALL]\n              add: [SYS_ADMIN]\n"),
    "a port of a node": (
        "pod-security", "              protocol: TCP\n",
        "              protocol: TCP\n              hostPort: 80\n"),
    "an init container with all capabilities": (
        "pod-security", CONTAINERS,
        INIT + HELPER.replace("            capabilities:\n              drop: [ALL]\n", "")
        + CONTAINERS),
    "another registry": (
        "image-registry", CONTAINERS,
        INIT + HELPER.replace("registry.example", "ghcr") + CONTAINERS),
    "a tag": (
        "image-by-digest", CONTAINERS, INIT + HELPER.replace(f"@{DIGEST}", ":1") + CONTAINERS),
    "a helper that no quota counts": (
        "resources-bounded", CONTAINERS, CONTAINERS + HELPER.replace('"50m"', '"64"')),
    "a helper without limits": (
        "resources-bounded", CONTAINERS,
        CONTAINERS + HELPER.replace('limits:\n              cpu: "50m"\n', "limits:\n")),
    "another secret in a volume": (
        "secret-references", VOLUME,
        VOLUME + "        - name: a\n          secret:\n            secretName: ranking\n"),
    "another secret in a projected volume": (
        "secret-references", VOLUME,
        VOLUME + "        - name: a\n          projected:\n            sources:\n"
        "              - secret:\n                  name: ranking\n"),
    "a token for somewhere else": (
        "secret-references", VOLUME,
        VOLUME + "        - name: a\n          projected:\n            sources:\n"
        "              - serviceAccountToken:\n                  path: token\n"),
    "another secret in all variables": (
        "secret-references", "          env:\n",
        "          envFrom:\n            - secretRef:\n                name: ranking\n"
        "          env:\n"),
    "the pull secret of somebody": (
        "secret-references", POD, POD + "      imagePullSecrets:\n        - name: ranking\n"),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "old", "new"), HARDENED.values(), ids=HARDENED)
def test_rules_evaluate_every_pod_that_is_rendered(
    example: ExampleFleet, rule: str, old: str, new: str
) -> None:
    path = template("deployment")
    rules = example.found({path: [(old, new)]})
    assert set(rules) == {f"policy.{rule}"}
    assert rules[f"policy.{rule}"] == {path}


def test_a_change_of_what_argo_cd_follows_needs_approval(example: ExampleFleet) -> None:
    changed = example.tree[ENVIRONMENT].replace(b"revision: main", b"revision: next")
    after = {**example.tree, ENVIRONMENT: changed}
    checked = run_pipeline(
        example.policy_sets, CheckInput(after, example.tree, NOW, compared=False)
    ).checked
    (finding,) = checked.denied
    assert (finding.rule, finding.severity) == ("policy.argocd-source", Severity.APPROVAL)
    assert (finding.file, finding.line) == (ENVIRONMENT, 18)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference fleet, committed."""
    root = tmp_path_factory.mktemp("fleet")
    git(root, "init", "--quiet")
    for folder in ("clusters", "policies", "rendered", "templates"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    git(root, "add", "--all")
    identity = ("-c", "user.name=ML platform", "-c", "user.email=ml-platform@example.com")
    git(root, *identity, "commit", "--quiet", "--message", "a fleet")
    return root


@pytest.mark.parametrize(
    ("component", "old", "new", "codes"),
    [
        ("deployment", SECURITY, SECURITY + "            privileged: true\n", (0, 11)),
        ("deployment", "replicas: {{ replicas", "replicas: {{ 0", (10, 10)),
        ("virtualservice", "spec:\n", '{% set x = "a" * 9999999999 %}\nspec:\n', (10, 10)),
    ],
)
def test_from_the_command_line(
    fleet: Path, component: str, old: str, new: str, codes: tuple[int, int]
) -> None:
    path = fleet / template(component)
    path.write_text(path.read_text().replace(old, new, 1))
    try:
        rendered, _ = invoke(["render", "--root", str(fleet)])
        now = "2026-11-24T08:00:00Z"
        args = ["check", "--root", str(fleet), "--now", now, "--format", "json"]
        checked, report = invoke(args)
    finally:
        git(fleet, "restore", "--", ".")
    assert (rendered, checked) == codes
    assert template(component) in {f["file"] for f in json.loads(report)["findings"]}

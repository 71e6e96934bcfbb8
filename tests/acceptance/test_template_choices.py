"""What a template may choose: by itself, once it is listed, and with a waiver."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.example_fleet import (
    INIT,
    POD,
    SECURITY,
    ExampleFleet,
    open_example_fleet,
    template,
)
from tests.acceptance.fleets import Fleet
from tests.acceptance.template_edits import (
    GRACE,
    LIFECYCLE,
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
LISTED = "policy.template-additions"


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
    "a sidecar by an annotation": annotated_pod("sidecar.istio.io/inject", "true"),
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
    "some time to end": (
        "deployment", GRACE, "      terminationGracePeriodSeconds: 90\n"),
    "a hook before the end": (
        "deployment", LIFECYCLE,
        "          lifecycle:\n            preStop:\n              exec:\n"
        '                command: ["sleep", "10"]\n'),
    "another startup": ("deployment", "{{ startup_probe |", "{{ liveness_probe |"),
    "another readiness": readiness(
        failures=2, more="            timeoutSeconds: 2\n            successThreshold: 2\n"),
    "readiness by number": readiness(port="{{ port | quote }}"),
    "a port for numbers": ("deployment", "          env:\n",
                           "            - name: metrics\n              containerPort: 9090\n"
                           "          env:\n"),
    "an init container": helper(INIT),
    "some time to be ready": in_deployment("  minReadySeconds: 10\n"),
    "a longer deadline": ("deployment", "{{ deadline | quote }}", "1800"),
    "HTTP of another version": ("service", "appProtocol: http", "appProtocol: http2"),
    "both kinds of addresses": service("  ipFamilyPolicy: PreferDualStack\n"),
    "what is so anyway": service(
        "  publishNotReadyAddresses: false\n  sessionAffinity: None\n"
        "  internalTrafficPolicy: Cluster\n"),
    "pods that go more slowly": (
        "horizontalpodautoscaler", "stabilizationWindowSeconds: 300",
        "stabilizationWindowSeconds: 600"),
    "pods that are added a little later": autoscaler(
        "    scaleUp:\n      stabilizationWindowSeconds: 60\n"),
    "a drain that waits for pods that are not ready": (
        "poddisruptionbudget", "AlwaysAllow", "IfHealthyBudget"),
    "secrets that are read more often": (
        "externalsecret", "{{ refresh | quote }}", '"5m"'),
    "more pods that may be left out": (
        "destinationrule", "maxEjectionPercent: 50", "maxEjectionPercent: 100"),
}  # fmt: skip


LISTS = "policies/rules/template-additions/thresholds.yaml"
SHARED = "policies/data/organisation.yaml"


@pytest.fixture(scope="module")
def organised() -> Iterator[ExampleFleet]:
    """A fleet whose owners of the policies have listed some additions."""
    lists = {
        "labels: []": "labels: [example.com/]",
        "annotations: []": "annotations: [example.com/, prometheus.io/scrape]",
    }
    shared = {
        "priorityClasses: [online-models]": "priorityClasses: [models]\n      claims: [models]",
        "tolerations: [nvidia.com/gpu]": "tolerations: [example.com/models]",
    }
    edits = {LISTS: list(lists.items()), SHARED: list(shared.items())}
    with open_example_fleet(edits) as fleet:
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

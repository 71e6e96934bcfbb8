"""Conditions of labels and taints of which one field contradicts another."""

from typing import Any

import pytest

from tests.unit.render.rendering import render_one, tree_of
from tests.unit.render.specs import serving, the_finding

VALUES = "compares a label with values, and there are none"
ANY = "asks only whether there is the label, whatever its value"
NUMBER = "compares a label with one whole number"
ADD = "add values, or write Exists or DoesNotExist"
REMOVE = "remove values, or write In or NotIn"
WRITE = 'write one number in quotes, such as values: ["8"]'
TERMS = "requiredDuringSchedulingIgnoredDuringExecution"


def nodes(condition: dict[str, Any]) -> dict[str, Any]:
    term = {"matchExpressions": [{"key": "example.com/gpu", **condition}]}
    return {"nodeAffinity": {TERMS: {"nodeSelectorTerms": [term]}}}


def pods(condition: dict[str, Any]) -> dict[str, Any]:
    selector = {"matchExpressions": [{"key": "tier", **condition}]}
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": selector}
    preferred = [{"weight": 1, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


@pytest.mark.parametrize(
    ("affinity", "message", "fix"),
    [
        (nodes({"operator": "In"}), f"In {VALUES}", ADD),
        (pods({"operator": "NotIn"}), f"NotIn {VALUES}", ADD),
        (nodes({"operator": "Exists", "values": ["a"]}), f"Exists {ANY}", REMOVE),
        (pods({"operator": "DoesNotExist", "values": ["a"]}), f"DoesNotExist {ANY}", REMOVE),
        (nodes({"operator": "Gt"}), f"Gt {NUMBER}", WRITE),
        (nodes({"operator": "Lt", "values": ["1", "2"]}), f"Lt {NUMBER}", WRITE),
        (nodes({"operator": "Gt", "values": ["1.5"]}), f"Gt {NUMBER}", WRITE),
        (nodes({"operator": "Gt", "values": ["many"]}), f"Gt {NUMBER}", WRITE),
    ],
)
def test_values_fit_the_operator(affinity: dict[str, Any], message: str, fix: str) -> None:
    finding = the_finding(tree_of(serving(affinity=affinity)))
    assert (finding.message, finding.fix) == (message, fix)
    assert finding.pointer.startswith("/spec/serving/affinity/")
    assert "/matchExpressions/0" in finding.pointer


@pytest.mark.parametrize(
    "condition",
    [
        {"operator": "In", "values": ["a", "b"]},
        {"operator": "Exists"},
        {"operator": "Gt", "values": ["-8"]},
    ],
)
def test_other_conditions_are_rendered(condition: dict[str, Any]) -> None:
    assert render_one(serving(affinity=nodes(condition))).findings == ()


@pytest.mark.parametrize(
    ("toleration", "message", "fix", "field"),
    [
        (
            {"operator": "Exists", "value": "a"},
            "Exists tolerates a taint whatever its value, and this toleration has a value",
            "remove the value, or write operator: Equal", "value",
        ),
        (
            {"operator": "Exists", "tolerationSeconds": 5},
            "only a taint with effect NoExecute ends pods, so only there a time counts",
            "write effect: NoExecute, or remove tolerationSeconds", "tolerationSeconds",
        ),
        (
            {"effect": "NoSchedule", "tolerationSeconds": 0},
            "only a taint with effect NoExecute ends pods, so only there a time counts",
            "write effect: NoExecute, or remove tolerationSeconds", "tolerationSeconds",
        ),
    ],
)  # fmt: skip
def test_a_toleration_does_not_contradict_itself(
    toleration: dict[str, Any], message: str, fix: str, field: str
) -> None:
    whole = serving(tolerations=[{"key": "a"}, {"key": "b", **toleration}])
    finding = the_finding(tree_of(whole))
    assert (finding.message, finding.fix) == (message, fix)
    assert finding.pointer == f"/spec/serving/tolerations/1/{field}"


def test_other_tolerations_are_rendered() -> None:
    every = [
        {"key": "a", "operator": "Exists"},
        {"key": "b", "value": "c", "effect": "NoExecute", "tolerationSeconds": 5},
    ]
    assert render_one(serving(tolerations=every)).findings == ()

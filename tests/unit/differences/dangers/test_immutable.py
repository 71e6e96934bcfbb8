"""What Kubernetes refuses to change in place."""

from typing import Any

import pytest

from lockstep.differences.dangers.immutable import IMMUTABLE
from lockstep.render.targets.base import Component
from lockstep.render.targets.kubernetes.target import KUBERNETES
from tests.unit.differences.manifests import dangers, deployment, edited, manifest


def test_each_kind_that_is_rendered_has_an_entry() -> None:
    parts: list[Component[Any]] = [
        *KUBERNETES.cluster, *KUBERNETES.family, *KUBERNETES.environment, *KUBERNETES.tenant,
        *KUBERNETES.place,
    ]  # fmt: skip
    assert {part.kind.kind for part in parts} <= set(IMMUTABLE)


def test_another_selector_of_a_deployment_is_named() -> None:
    old = deployment()
    new = edited(old, "spec", "selector", "matchLabels", "tier", value="a")
    first = dangers([old], [new])[0]
    assert first == (
        "immutable-field: Kubernetes refuses to change spec.selector of a Deployment in place: the "
        "sync fails until it is deleted and made anew"
    )


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Service", "clusterIP"),
        ("StatefulSet", "serviceName"),
        ("Job", "template"),
        ("ResourceQuota", "scopes"),
    ],
)
def test_immutable_fields_of_other_kinds_are_known(kind: str, field: str) -> None:
    old, new = (manifest(kind, "x", {field: value}) for value in ("a", "b"))
    assert any(f"spec.{field} of a {kind}" in text for text in dangers([old], [new]))


def test_what_can_be_changed_or_is_new_is_no_danger() -> None:
    old = deployment()
    more = edited(old, "spec", "replicas", value=9)
    assert dangers([old], [more]) == []
    assert not any("immutable" in text for text in dangers([], [old]))
    budgets: list[Any] = [
        manifest("PodDisruptionBudget", "x", {"selector": {"matchLabels": {"a": value}}})
        for value in "ab"
    ]
    assert dangers(budgets[:1], budgets[1:]) == []


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (["IPv4"], ["IPv6"], True),
        (None, ["IPv6"], True),
        (["IPv4"], ["IPv4", "IPv6"], False),
        (None, ["IPv4"], False),
        (["IPv4", "IPv6"], None, False),
    ],
)
def test_a_service_keeps_the_kind_of_its_first_address(
    before: list[str] | None, after: list[str] | None, refused: bool
) -> None:
    old, new = (
        manifest("Service", "x", {"type": "ClusterIP"} | ({"ipFamilies": each} if each else {}))
        for each in (before, after)
    )
    assert any("spec.ipFamilies of a Service" in text for text in dangers([old], [new])) == refused

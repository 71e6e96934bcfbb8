"""How many pods a version has at least."""

from typing import Any

import pytest

from lockstep.spec.floors import Floor, Floors, floors_of, is_autoscaled

HPA = {"maxReplicas": 9, "cpu": 70}
KEDA = {"maxReplicas": 8, "requestsPerSecond": 50}
OWN = Floor(3, ("replicas",))


@pytest.mark.parametrize("production", [True, False])
def test_without_an_autoscaler_all_versions_have_their_replicas(production: bool) -> None:
    assert floors_of({"replicas": 3, "warmReplicas": 9}, production=production) == (OWN, OWN)


@pytest.mark.parametrize(
    ("serving", "production", "elsewhere"),
    [
        ({"hpa": HPA}, Floor(9, ("hpa", "maxReplicas")), OWN),
        ({"keda": KEDA}, Floor(8, ("keda", "maxReplicas")), OWN),
        ({"hpa": HPA, "keda": KEDA}, Floor(8, ("keda", "maxReplicas")), OWN),
        ({"hpa": HPA, "warmReplicas": 5}, *[Floor(5, ("warmReplicas",))] * 2),
    ],
)
def test_a_warm_version_has_all_pods_in_production(
    serving: dict[str, Any], production: Floor, elsewhere: Floor
) -> None:
    whole = {"replicas": 3, **serving}
    assert floors_of(whole, production=True) == Floors(OWN, production)
    assert floors_of(whole, production=False) == Floors(OWN, elsewhere)


def test_an_autoscaler_of_the_family_can_be_removed_in_a_cluster() -> None:
    assert is_autoscaled({"hpa": HPA}) and is_autoscaled({"keda": KEDA, "hpa": None})
    others: list[Any] = [{}, {"hpa": None}, None, "hpa", []]
    assert not any(map(is_autoscaled, others))

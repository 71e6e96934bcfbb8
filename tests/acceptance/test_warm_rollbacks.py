"""A rollback never lands on a set that was scaled down, and no step is denied for its pods."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.acceptance.reverts import in_state, revert
from tests.acceptance.rollouts import (
    DAY,
    HEAD,
    advance,
    last_record,
    publish,
    rewrite,
    roll,
    share_with_arm,
)
from tests.acceptance.world import FAMILY, REGIONS, World, files_of

KINDS = {
    "hpa": ("horizontalpodautoscaler", "minReplicas"),
    "keda": ("scaledobject", "minReplicaCount"),
}
HPA = "hpa: {maxReplicas: 9, cpu: 70}"
KEDA = "keda: {maxReplicas: 9, requestsPerSecond: 50}"
WARM = "warmReplicas: 7"
TEMPLATE = "templates/deployment/deployment.yaml.j2"
STABLE = {"name": "stable", "version": "1", "weight": 100}
Floors = dict[str, dict[str, int]]


def scale(world: World, *fields: str) -> None:
    """Versions have 2 pods at least, and an autoscaler; that state is verified."""
    lines = "".join(f"      {field}\n" for field in fields)
    rewrite(
        world,
        "clusters/prod/environment.yaml",
        lambda text: text.replace("spec:\n", "spec:\n  prometheus: http://p:9090\n", 1),
    )
    rewrite(world, HEAD, lambda text: text.replace("replicas: 2\n", f"replicas: 2\n{lines}"))
    world.must("render")
    publish(world, "an autoscaler")
    world.must("adopt", FAMILY, "--reason", "an autoscaler", at=f"{DAY}07:00:00Z")


def scaled(world: World) -> None:
    scale(world, HPA, WARM)


def scaled_and_verified(world: World) -> None:
    scaled(world)
    roll(world, "08", "10", "12", "14")
    assert advance(world, "16")[0] == 0


def folder_of(region: str) -> str:
    return f"rendered/prod/clusters/scoring-{region}"


def manifest(world: World, region: str, name: str) -> Any:
    return yaml.safe_load((world.clone / folder_of(region) / name).read_text())


def floors(world: World, kind: str = "hpa") -> Floors:
    """The minimum of each version by region; its Deployment begins with as many pods."""
    component, field = KINDS[kind]
    found: Floors = {region: {} for region in REGIONS}
    for region in REGIONS:
        for path in sorted((world.clone / folder_of(region)).glob(f"{component}-v*.yaml")):
            version = path.stem.rsplit("-v", 1)[1]
            least = manifest(world, region, path.name)["spec"][field]
            begins = manifest(world, region, f"deployment-v{version}.yaml")["spec"]["replicas"]
            assert begins == least
            found[region][version] = least
    return found


def rendered(world: World) -> dict[str, bytes]:
    """The manifests of all clusters, without the digests of what they were made from."""
    return {
        path: data
        for path, data in files_of(world.clone).items()
        if path.startswith("rendered/") and not path.endswith("PROVENANCE")
    }


def last_restored(world: World) -> Any:
    return json.loads(last_record(world).read_text())["spec"]["restored"]


# The floors of a rollout


@pytest.mark.parametrize(("kind", "scaler"), [("hpa", HPA), ("keda", KEDA)])
def test_the_previous_version_keeps_its_pods_until_the_new_one_is_verified(
    world: World, kind: str, scaler: str
) -> None:
    scale(world, scaler, WARM)
    us, eu = REGIONS
    world.merge_proposal("2", at=f"{DAY}08:00:00Z")
    assert floors(world, kind) == {us: {"1": 2}, eu: {"1": 2}}
    wanted: list[Floors] = [
        {us: {"1": 7, "2": 2}, eu: {"1": 2}},
        {us: {"1": 7, "2": 2}, eu: {"1": 2}},
        {us: {"1": 7, "2": 2}, eu: {"1": 7, "2": 2}},
        {us: {"1": 7, "2": 2}, eu: {"1": 7, "2": 2}},
        {us: {"2": 2}, eu: {"2": 2}},
    ]
    for hour, expected in zip(("08", "10", "12", "14", "16"), wanted, strict=True):
        code, said = advance(world, hour)
        assert code == 0, said
        assert floors(world, kind) == expected, hour
    assert world.lockstep("check")[0] == 0


def test_outside_of_production_a_rollout_needs_no_more_pods_by_default(world: World) -> None:
    scale(world, HPA)
    roll(world, "08")
    assert floors(world)[REGIONS[0]] == {"1": 2, "2": 2}


# A version that still runs


@in_state(scaled)
def test_the_verified_bytes_come_back_where_the_previous_version_still_runs(world: World) -> None:
    verified = files_of(world.clone)
    roll(world, "08", "10", "12")
    assert revert(world)[0] == 0
    after = files_of(world.clone)
    for files in (verified, after):
        for path in list(files):
            if not path.startswith("rendered/"):
                del files[path]
    assert after == verified
    assert last_restored(world)["exact"] is True
    assert all(world.variants(region) == [STABLE] for region in REGIONS)


@in_state(scaled)
def test_a_shift_changes_no_byte_but_those_of_the_traffic(world: World) -> None:
    import mlflow

    roll(world, "08", "10", "12")
    # A template of another release, which a shift must not bring with it.
    rewrite(world, TEMPLATE, lambda text: text.replace("maxSurge: 1", "maxSurge:  1"))
    before, pods = rendered(world), floors(world)
    mlflow.MlflowClient(world.registry, world.registry).delete_model_version("scoring", "1")
    assert revert(world)[0] == 0
    after = rendered(world)
    changed = {path.rsplit("/", 1)[1] for path in after if after[path] != before.get(path)}
    assert after.keys() == before.keys() and changed == {"virtualservice.yaml"}
    assert floors(world) == pods


@in_state(scaled)
def test_by_other_templates_the_floor_of_a_cluster_with_a_retired_arm_falls_in_place(
    world: World,
) -> None:
    share_with_arm(world, 70)
    world.must("adopt", FAMILY, "--reason", "an A/B test", at=f"{DAY}08:00:00Z")
    roll(world, "09", version="3")
    assert revert(world, "2", hour="10")[0] == 0
    rewrite(world, TEMPLATE, lambda text: text.replace("maxSurge: 1", "maxSurge: 1  # later"))
    assert floors(world)[REGIONS[0]] == {"1": 7, "2": 2, "3": 2}
    code, said = revert(world, hour="11")
    assert code == 0, said
    assert floors(world)[REGIONS[0]]["1"] == 2
    deployment = world.clone / folder_of(REGIONS[0]) / "deployment-v1.yaml"
    assert b"# later" not in deployment.read_bytes()


# A version that starts again


@in_state(scaled_and_verified)
def test_a_version_that_starts_again_has_all_its_warm_pods_before_it_gets_traffic(
    world: World,
) -> None:
    code, said = revert(world, "2", hour="17")
    assert code == 0, said
    assert floors(world) == {region: {"1": 7} for region in REGIONS}
    assert all(world.variants(region) == [{**STABLE, "warm": True}] for region in REGIONS)
    restored = last_restored(world)
    assert restored["exact"] is False
    assert restored["changed"] == [f"clusters/{FAMILY}/{region}.yaml#/spec/variants"
                                   for region in sorted(REGIONS)]  # fmt: skip
    assert world.lockstep("check")[0] == 0
    assert world.lockstep("audit", "--replay")[0] == 0
    assert revert(world, "2", hour="18")[0] == 0  # nothing to do


@in_state(scaled_and_verified)
def test_it_keeps_them_until_the_next_proposal(world: World) -> None:
    assert revert(world, "2", hour="17")[0] == 0
    world.merge_proposal("3", at=f"{DAY}18:00:00Z")
    assert floors(world) == {region: {"1": 2} for region in REGIONS}
    assert world.variants(REGIONS[0])[0] == STABLE


@in_state(scaled_and_verified)
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("maxSurge: 1", "maxSurge: 1  # a later release"),
        lambda text: text.replace("{{ name | quote }}", "{{ name", 1),
    ],
    ids=["changed", "broken"],
)
def test_by_other_templates_the_verified_bytes_come_back_but_for_the_floors(
    world: World, change: Callable[[str], str]
) -> None:
    rewrite(world, TEMPLATE, change)
    code, said = revert(world, "2", hour="17")
    assert code == 0, said
    assert floors(world) == {region: {"1": 7} for region in REGIONS}
    back = rendered(world)
    world.git("checkout", "--quiet", "HEAD~1", "--", "clusters", "templates")
    world.git("checkout", "--quiet", ":/an autoscaler", "--", "rendered")
    verified = rendered(world)
    assert {n: d.replace(b"eplicas: 7\n", b"eplicas: 2\n") for n, d in back.items()} == verified


# The peak


def limit(world: World, quota: str) -> None:
    """The tenant may have this much CPU; a pod requests half a core."""
    tenant = "{name: credit, owner: a@example.com, namespaces: [scoring], budget: 9000, "
    tenant += f"quota: {{cpu: {quota!r}, memory: 64Gi}}}}"
    rewrite(
        world,
        "clusters/prod/environment.yaml",
        lambda text: f"{text}  currency: EUR\n  tenants:\n    - {tenant}\n",
    )
    # Applications belong to the project of their tenant.
    world.must("render")
    publish(world, "the tenant")


def declare(world: World, monthly: int) -> None:
    """What a cluster may cost a month; a pod costs about 18 EUR."""
    rewrite(world, "clusters/prod/environment.yaml", lambda text: f"{text}  currency: EUR\n")
    rewrite(world, HEAD, lambda text: f"{text}    cost: {{center: credit, monthly: {monthly}}}\n")


def test_a_proposal_is_denied_for_the_quota_that_its_rollout_would_exceed(world: World) -> None:
    limit(world, "3")  # two versions in two regions, with two pods each, need 4
    code, said = world.lockstep("propose", FAMILY, "2")
    assert code == 11, said
    assert 'the pods of tenant "credit" may request "4" of CPU together; its quota is "3"' in said
    assert world.git("branch", "--list", "lockstep/*") == ""


def test_a_proposal_is_denied_for_the_cost_that_its_rollout_would_have(world: World) -> None:
    declare(world, 72)
    code, said = world.lockstep("propose", FAMILY, "2")
    assert code == 11, said
    assert 'spec.cost.monthly is 72, but 4 pods cost about "73 EUR" a month' in said


@pytest.mark.parametrize(
    "restrict", [lambda w: limit(w, "4"), lambda w: declare(w, 73)], ids=["quota", "cost"]
)
def test_what_its_proposal_was_allowed_no_step_is_denied(
    world: World, restrict: Callable[[World], None]
) -> None:
    restrict(world)
    roll(world, "08", "10", "12", "14")
    assert advance(world, "16")[0] == 0
    assert revert(world, "2", hour="17")[0] == 0


def test_the_pods_that_are_kept_warm_count_at_the_peak(world: World) -> None:
    scale(world, HPA, WARM)
    declare(world, 164)  # 7 of the previous version and 2 of the candidate: 9 pods
    code, said = world.lockstep("propose", FAMILY, "2")
    assert code == 11, said
    assert 'spec.cost.monthly is 164, but 9 pods cost about "165 EUR" a month' in said

"""Live objects against git: additions of the API are no difference, every other change is one."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockstep.differences.folders import ObjectId, identity_of
from lockstep.drift.fields import comparison_of, live_differences
from lockstep.render.parse import parse_manifest
from tests.unit.differences.manifests import deployment, manifest
from tests.unit.drift.api_objects import stored

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "rendered"
OBJECTS = [parse_manifest(path.read_text()) for path in sorted(GOLDEN.rglob("*.yaml"))]


def paths(git: Any, live: Any) -> list[str]:
    how = comparison_of(identity_of(git).group)
    return [each.path for each in live_differences(git, live, how)]


@pytest.mark.parametrize("each", OBJECTS, ids=lambda each: str(identity_of(each)))
def test_an_object_as_the_api_gives_it_back_is_no_drift(each: Any) -> None:
    assert paths(each, stored(each)) == []


def leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the single values of an object are."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (*at, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, (*at, index))
    else:
        yield at


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_each_value_that_is_changed_is_found(data: st.DataObject) -> None:
    git = data.draw(st.sampled_from(OBJECTS))
    at = data.draw(st.sampled_from([
        place for place in leaves(git)
        if place[0] == "spec" or place[:2] in (("metadata", "labels"), ("metadata", "annotations"))
    ] or [()]))  # fmt: skip
    if not at:
        return
    live = stored(git)
    here: Any = live
    for part in at[:-1]:
        here = here[part]
    old = here.get(at[-1]) if isinstance(here, dict) else here[at[-1]]
    here[at[-1]] = (not old) if isinstance(old, bool) else f"{old}-of-a-stranger"
    assert paths(git, live), at


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_each_part_of_a_spec_that_is_removed_is_found(data: st.DataObject) -> None:
    git = data.draw(st.sampled_from([each for each in OBJECTS if "spec" in each]))
    key = data.draw(st.sampled_from(sorted(git["spec"])))
    live = stored(git)
    del live["spec"][key]
    # What is the same as nothing may be left out.
    assert paths(git, live) or git["spec"][key] in ("", 0, False, [], {})


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.integers() | st.text(max_size=5)))
def test_what_others_add_to_an_object_of_kubernetes_is_no_drift(added: dict[str, Any]) -> None:
    git = deployment()
    live = stored(git)
    for place in (live, live["spec"], live["spec"]["template"]["spec"]):
        place.update({f"x-{key}": value for key, value in added.items()})
    live["metadata"]["annotations"].update(added)
    live["metadata"]["labels"] = {"team.example.com/owner": "a"} | live["metadata"].get(
        "labels", {}
    )
    assert paths(git, live) == []


def changed(git: Any, *at: Any, to: Any) -> Any:
    """The object as the API gives it, with one value set; an index one beyond a list adds to it."""
    live = stored(git)
    here: Any = live
    for part in at[:-1]:
        here = here[part]
    if isinstance(here, list) and at[-1] == len(here):
        here.append(to)
    else:
        here[at[-1]] = to
    return live


POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)


@pytest.mark.parametrize(
    ("at", "to", "path"),
    [
        ((*CONTAINER, "image"), "evil", "spec.template.spec.containers[model].image"),
        (
            (*CONTAINER, "env", 2), {"name": "C", "value": "3"},
            "spec.template.spec.containers[model].env[C]",
        ),
        (
            (*POD, "containers", 1), {"name": "miner", "image": "x"},
            "spec.template.spec.containers[miner]",
        ),
        ((*POD, "automountServiceAccountToken"), None,
         "spec.template.spec.automountServiceAccountToken"),
        (("spec", "replicas"), 5, "spec.replicas"),
        (
            (*CONTAINER, "securityContext", "capabilities", "drop"), [],
            "spec.template.spec.containers[model].securityContext.capabilities.drop[ALL]",
        ),
    ],
)  # fmt: skip
def test_what_changes_what_pods_do_is_found(at: tuple[Any, ...], to: Any, path: str) -> None:
    assert paths(deployment(), changed(deployment(), *at, to=to)) == [path]


@pytest.mark.parametrize(
    ("at", "to"),
    [
        (("spec", "paused"), True),
        ((*POD, "initContainers"), [{"name": "patch", "image": "x"}]),
        ((*POD, "hostAliases"), [{"ip": "10.0.0.9", "hostnames": ["mlflow.example.com"]}]),
        ((*POD, "hostNetwork"), True),
        ((*CONTAINER, "command"), ["python", "other.py"]),
        ((*CONTAINER, "args"), ["--model", "other"]),
        ((*CONTAINER, "envFrom"), [{"configMapRef": {"name": "more"}}]),
        ((*CONTAINER, "volumeMounts"), [{"name": "code", "mountPath": "/app"}]),
    ],
)
def test_what_git_does_not_say_and_changes_what_pods_do_is_found(
    at: tuple[Any, ...], to: Any
) -> None:
    git = deployment()
    for key in ("command", "args", "envFrom", "volumeMounts"):
        git["spec"]["template"]["spec"]["containers"][0].pop(key, None)
    found = list(live_differences(git, changed(git, *at, to=to), comparison_of("apps")))
    assert [(each.before, each.after) for each in found] == [(None, to)]
    assert [str(part) for part in found[0].pointer][-1] == at[-1]


@pytest.mark.parametrize(
    ("git", "key", "to"),
    [
        (manifest("Service", "", {"ports": []}), "externalIPs", ["203.0.113.7"]),
        (manifest("Service", "", {"ports": []}), "publishNotReadyAddresses", True),
        (manifest("HorizontalPodAutoscaler", "", {}, "autoscaling/v2"), "behavior",
         {"scaleUp": {"selectPolicy": "Disabled"}}),
        (manifest("ScaledObject", "", {}, "keda.sh/v1alpha1"), "idleReplicaCount", 0),
        (manifest("Application", "", {}, "argoproj.io/v1alpha1"), "ignoreDifferences",
         [{"group": "networking.istio.io", "kind": "VirtualService", "jsonPointers": ["/spec"]}]),
    ],
)  # fmt: skip
def test_an_addition_that_changes_what_an_object_does_is_found(git: Any, key: str, to: Any) -> None:
    assert paths(git, changed(git, "spec", key, to=to)) == [f"spec.{key}"]


def test_an_addition_that_says_nothing_is_no_drift() -> None:
    live = changed(deployment(), "spec", "paused", to=False)
    live["spec"]["template"]["spec"]["hostNetwork"] = False
    live["spec"]["template"]["spec"]["initContainers"] = []
    assert paths(deployment(), live) == []


ROUTE = {
    "hosts": ["a.example.com"],
    "http": [{"name": "weighted", "route": [
        {"destination": {"host": "a", "subset": "v1"}, "weight": 90},
        {"destination": {"host": "a", "subset": "v2"}, "weight": 10},
    ]}],
}  # fmt: skip
ROUTES = manifest("VirtualService", "", ROUTE, "networking.istio.io/v1")


@pytest.mark.parametrize(
    ("at", "to", "path"),
    [
        (("spec", "http", 0, "route", 0, "weight"), 80, "spec.http[weighted].route[v1].weight"),
        (("spec", "http", 0, "mirror"), {"host": "b"}, "spec.http[weighted].mirror"),
        (("spec", "http", 0, "match"), [{"uri": {"prefix": "/x"}}], "spec.http[weighted].match"),
        (("spec", "hosts", 1), "b.example.com", "spec.hosts[b.example.com]"),
        (("spec", "http", 1), {"name": "all", "redirect": {}}, "spec.http[all]"),
    ],
)
def test_routes_have_nothing_that_git_does_not_say(at: tuple[Any, ...], to: Any, path: str) -> None:
    assert paths(ROUTES, changed(ROUTES, *at, to=to)) == [path]


def test_a_further_label_in_a_selector_is_found() -> None:
    service = manifest("Service", "", {"selector": {"a": "1"}, "ports": [{"port": 80}]})
    assert paths(service, changed(service, "spec", "selector", "b", to="2")) == ["spec.selector.b"]


def test_ignored_fields_and_bookkeeping_are_no_drift() -> None:
    git = deployment()
    live = changed(git, "spec", "replicas", to=9)
    how = comparison_of("apps", frozenset({("spec", "replicas")}))
    assert list(live_differences(git, live, how)) == []
    application = manifest("Application", "", {"project": "p"}, "argoproj.io/v1alpha1")
    live = deepcopy(stored(application))
    live["operation"] = {"sync": {}}
    assert paths(application, live) == []


def test_the_identity_of_an_object_is_without_the_version_of_its_api() -> None:
    assert identity_of(deployment()) == ObjectId(
        "apps", "Deployment", "fraud", "fraud-eu-west-1-v1"
    )

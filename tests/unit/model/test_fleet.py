"""Where the effective value of a cluster comes from: its own file or the family's defaults."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.document import Document, Pointer, value_at
from lockstep.model.fleet import DEFAULTS, Cluster, Environment, Family, Fleet
from lockstep.spec.merge import merge_patch
from lockstep.spec.yaml.load import load_yaml

FAMILY = b"""\
spec:
  defaults:
    serving: {port: 8080, health: /ping}
    residency: [EU]
    host: b
    deep: {x: {y: 1}}
"""
CLUSTER = b"""\
metadata: {name: fraud-a}
spec:
  region: a
  serving:
    port: 9090
  residency: [IN, US]
  host: null
  deep: 7
"""


def cluster(own: bytes = CLUSTER, family: bytes = FAMILY) -> Cluster:
    mine, head = load_yaml("a.yaml", own)[0], load_yaml("family.yaml", family)[0]
    assert mine is not None and head is not None
    effective = dict(mine.value)
    defaults = value_at(head.value, DEFAULTS)
    if isinstance(defaults, dict) and isinstance(effective.get("spec"), dict):
        effective["spec"] = merge_patch(defaults, effective["spec"])
    return Cluster("prod", "fraud", mine, head, effective)


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        (("spec", "region"), ("a.yaml", 3, 11)),
        (("spec", "serving", "port"), ("a.yaml", 5, 11)),
        (("spec", "serving", "health"), ("family.yaml", 3, 35)),
        (("spec", "serving"), ("a.yaml", 5, 5)),
        (("spec", "residency", 1), ("a.yaml", 6, 19)),
        (("spec", "host"), ("a.yaml", 7, 9)),
        (("spec", "host", "x"), ("a.yaml", 7, 9)),
        (("spec", "deep"), ("a.yaml", 8, 9)),
        (("spec", "deep", "x", "y"), ("a.yaml", 8, 9)),
        (("spec", "nobody", "wrote"), ("a.yaml", 3, 3)),
        (("metadata", "name"), ("a.yaml", 1, 18)),
        (("spec",), ("a.yaml", 3, 3)),
        ((), ("a.yaml", 1, 1)),
    ],
)
def test_a_value_is_located_where_it_was_written(pointer: Pointer, place: tuple[Any, ...]) -> None:
    assert cluster().locate(pointer) == place


def test_an_inherited_list_is_located_item_by_item_in_the_family() -> None:
    inherited = cluster(b"spec: {region: a}\n")
    assert inherited.locate(("spec", "residency", 0)) == ("family.yaml", 4, 17)
    assert inherited.locate(("spec", "deep", "x", "y")) == ("family.yaml", 6, 19)
    assert inherited.locate(("spec", "deep", "x"), key=True) == ("family.yaml", 6, 12)


def test_names_regions_and_variants_survive_what_is_missing() -> None:
    bare = cluster(b"kind: ModelCluster\n")
    assert (bare.name, bare.region, bare.variants) == ("a", "", [])
    assert bare.locate(("spec", "serving", "port")) == ("a.yaml", 1, 1)


@pytest.mark.parametrize("value", [None, [], "x", {"spec": None}, {"spec": {"predecessor": 1}}])
def test_environments_and_families_survive_any_document(value: Any) -> None:
    document = Document("clusters/prod/fraud/family.yaml", value)
    assert Environment("prod", document).predecessor is None
    family = Family("prod", "fraud", document)
    assert family.folder == "clusters/prod/fraud"
    assert value_at(family.spec, ("rollout",), "none") == "none"


def test_a_fleet_lists_its_families_and_clusters_in_order() -> None:
    document = Document("clusters/e/f/family.yaml", {"spec": {"predecessor": "x", "a": 1}})
    family = Family("e", "f", document, (cluster(),))
    environment = Environment("e", document, {"f": family})
    fleet = Fleet({"e": environment, "empty": Environment("empty", document)})
    assert (fleet.families(), fleet.clusters()) == ((family,), family.clusters)
    assert family.spec == environment.spec == {"predecessor": "x", "a": 1}
    assert environment.predecessor == "x"


SCALARS = st.none() | st.integers(0, 2)
SPECS = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=3,
)


def leaves(value: Any, at: Pointer) -> list[tuple[Pointer, Any]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, each in items for leaf in leaves(each, (*at, key))]
    return [(at, value)]


@given(SPECS, SPECS)
def test_every_leaf_stands_in_the_document_that_is_its_origin(own: Any, defaults: Any) -> None:
    mine = Document("a.yaml", {"spec": own})
    head = Document("family.yaml", {"spec": {"defaults": defaults}})
    effective = {"spec": merge_patch(defaults, own)}
    made = Cluster("prod", "fraud", mine, head, effective)
    for pointer, value in leaves(effective["spec"], ("spec",)):
        document, inner = made.origin(pointer)
        found = value_at(document.value, inner, "missing")
        # A mapping that the patch emptied says nulls in its own file.
        assert found == value or (value == {} and isinstance(found, dict))


@pytest.mark.parametrize(
    ("tenants", "index"),
    [
        ("[{name: a}, {name: b}, {name: b}]", 1),
        ("[{name: a}, {owner: b}, [b], b, {name: b}]", 4),
        ("[{name: [b]}]", None),
        ("{name: b}", None),
    ],
)
def test_a_tenant_is_found_in_a_list_that_may_be_malformed(tenants: str, index: int | None) -> None:
    document, _ = load_yaml("environment.yaml", f"spec: {{tenants: {tenants}}}\n".encode())
    assert document is not None
    assert Environment("prod", document).tenant_index("b") == index

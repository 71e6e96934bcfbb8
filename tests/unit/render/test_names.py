"""Names of Kubernetes objects: always valid, and never two things under one name by accident."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.render.names import (
    BASE_LIMIT,
    KEDA_PREFIX,
    OF_CLUSTERS,
    OF_VERSIONS,
    VERSION_LIMIT,
    label_value,
    object_name,
    version_slug,
    versioned_name,
)

DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


def test_a_plain_name_stays_as_it_is() -> None:
    assert object_name("fraud-detection-eu-west-1", "v41") == "fraud-detection-eu-west-1-v41"
    assert version_slug("41") == "v41"


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_any_text_becomes_a_valid_name(parts: list[str]) -> None:
    assert DNS_LABEL.fullmatch(object_name(*parts))


@given(st.text())
def test_any_text_becomes_a_valid_label_value(text: str) -> None:
    assert LABEL_VALUE.fullmatch(label_value(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.0", "1-0"), ("RC1", "rc1"), ("a" * 80, "a" * 81), ("1_0", "1.0"), ("é", "è")],
)
def test_versions_that_differ_have_names_that_differ(one: str, other: str) -> None:
    assert version_slug(one) != version_slug(other)
    assert object_name("fraud", one) != object_name("fraud", other)


def test_a_long_name_is_cut_to_63_and_keeps_a_hash_of_the_whole() -> None:
    long = "f" * 63
    assert len(object_name(long, "v41")) == 63
    assert object_name(long, "v41") != object_name(long, "v42")


NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
VERSIONS = st.integers(1, 9_999_999_999).map(str)
ANY_VERSION = st.from_regex(r"[A-Za-z0-9@]([A-Za-z0-9@._-]{0,61}[A-Za-z0-9])?", fullmatch=True)


@given(NAMES, ANY_VERSION)
def test_the_objects_of_a_version_have_a_name_that_every_consumer_takes(
    cluster: str, version: str
) -> None:
    name = versioned_name(cluster, version_slug(version))
    assert DNS_LABEL.fullmatch(name)
    assert all(len(name) <= limit.most for limit in OF_VERSIONS)
    assert len(f"{name}-0123456789-01234") <= 63  # a pod
    assert len(f"{KEDA_PREFIX}{name}") <= 63


@given(NAMES, st.lists(VERSIONS, min_size=2, max_size=5))
def test_no_version_changes_the_name_of_its_cluster(cluster: str, versions: list[str]) -> None:
    names = [versioned_name(cluster, version_slug(version)) for version in versions]
    (base,) = {name.removesuffix(f"-v{v}") for name, v in zip(names, versions, strict=True)}
    assert len(base) <= BASE_LIMIT and (base == cluster or len(cluster) > BASE_LIMIT)


@given(NAMES, NAMES, VERSIONS, VERSIONS)
def test_what_differs_has_names_that_differ(one: str, two: str, v: str, w: str) -> None:
    names = {versioned_name(cluster, version_slug(x)) for cluster in (one, two) for x in (v, w)}
    # But for a cluster named as a version of the other: collisions finds that.
    if not any(a.startswith(f"{b}-v") for a, b in ((one, two), (two, one))):
        assert len(names) == len({one, two}) * len({v, w})


@pytest.mark.parametrize("length", range(20, 64))
def test_from_9_to_10_only_the_version_changes(length: int) -> None:
    cluster = "f" * length
    nine, ten = (versioned_name(cluster, version_slug(v)) for v in ("9", "10"))
    assert nine.removesuffix("-v9") == ten.removesuffix("-v10")


def test_the_table_says_what_each_consumer_allows() -> None:
    assert {limit.consumer: limit.most for limit in (*OF_CLUSTERS, *OF_VERSIONS)} == {
        "Service": 63,
        "values of labels, such as lockstep.dev/cluster": 63,
        "Application": 63,
        "Deployment": 46,
        "ScaledObject": 54,
        "subset of a DestinationRule": 63,
    }
    assert all(limit.source.startswith("https://") and limit.why for limit in OF_VERSIONS)
    assert (VERSION_LIMIT, BASE_LIMIT) == (46, 34)


def test_a_name_never_begins_with_a_digit() -> None:
    assert object_name("3d-model").startswith("m-3d-model-")


def test_valid_label_values_stay_as_they_are() -> None:
    for text in ("41", "1.0_rc-1", "A" * 63):
        assert label_value(text) == text
    assert label_value("-1") != "-1"

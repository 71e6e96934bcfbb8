"""Names of Kubernetes objects: always valid, and never two things under one name by accident."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.render.names import label_value, object_name, version_slug

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


def test_a_name_never_begins_with_a_digit() -> None:
    assert object_name("3d-model").startswith("m-3d-model-")


def test_valid_label_values_stay_as_they_are() -> None:
    for text in ("41", "1.0_rc-1", "A" * 63):
        assert label_value(text) == text
    assert label_value("-1") != "-1"

"""Values in PromQL stay values."""

import pytest

from lockstep.text.promql import filled, label_matcher, one_of, selector


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("fraud", 'owner="fraud"'),
        ('a"} or vector(1) #', 'owner="a\\"} or vector(1) #"'),
        ("ends in \\", 'owner="ends in \\\\"'),
        ("two\nlines", 'owner="two\\nlines"'),
        ('\\"', 'owner="\\\\\\""'),
    ],
)
def test_a_value_cannot_end_its_text(value: str, written: str) -> None:
    assert label_matcher("owner", value) == written


@pytest.mark.parametrize("name", ["", "a-b", 'a="x",b', "1a", "ä", "a\n", "__name__"])
def test_what_is_no_name_of_a_label_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a label"):
        label_matcher(name, "x")


@pytest.mark.parametrize("name", ["a b", "nan", "Inf", "on", "BOOL", "atan2", "group_left"])
def test_what_promql_cannot_read_as_a_metric_is_refused(name: str) -> None:
    """A server refuses all rules of a file for one that it cannot parse: no alert would be left."""
    with pytest.raises(ValueError, match="is not the name of a metric"):
        selector(name, {}, {})


def test_only_the_operators_of_promql_compare() -> None:
    assert label_matcher("le", "5..", "=~") == 'le=~"5.."'
    with pytest.raises(ValueError, match="does not compare"):
        label_matcher("le", "5..", "==")


def test_a_selector_has_its_labels_in_order() -> None:
    assert selector("up", {"b": "1", "a": "2"}, {"c": "x|y"}) == 'up{b="1",a="2",c=~"x|y"}'


def test_a_pattern_matches_its_values_and_nothing_else() -> None:
    assert one_of(["a.b", "v1"]) == r"a\.b|v1"


def test_placeholders_are_replaced_and_other_braces_stay() -> None:
    values = {"namespace": 'a"b'}
    assert filled('m{n="{namespace}"}', values) == 'm{n="a\\"b"}'
    assert filled("{namespace}", values, quote=False) == 'a"b'

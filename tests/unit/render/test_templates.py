"""Templates are hostile too: they see plain values, and write them through one filter only."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.render.parse import parse_manifest
from lockstep.render.templates import TemplateFailure, TemplateSet, quote

PATH = "templates/thing/thing.yaml.j2"


def template_set(source: str | bytes) -> TemplateSet:
    data = source if isinstance(source, bytes) else source.encode()
    return TemplateSet({PATH: data}, {"thing": PATH})


def write(source: str, **context: object) -> str:
    return template_set(source).write("thing", context)


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))

HOSTILE = [
    'a"\nb: injected', "{{ 7 * 7 }}", "{% for x in y %}", "---\nkind: Secret", "\u2028x: y",
    "\u2029", "\x85", "\x07", "\ufeff", "\\", "\\u0041", "'", "#", "- a", "*a", "&a", "!a",
    "\U0001f600", "no", "012", "1:30", "~", "", " ", "\r\n", "\t", "$(NAME)", "\x7f", "\ufffe",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_never_becomes_structure(value: str) -> None:
    text = write("key: {{ value | quote }}\n{{ value | quote }}: x\n", value=value)
    assert parse_manifest(text) == {"key": value, value: "x"}


# The parser refuses keys that rapidyaml takes for numbers, even quoted.
KEYS = TEXTS.filter(lambda text: not re.fullmatch(r"[-+.]*(nan|inf|infinity)", text, re.IGNORECASE))


@given(TEXTS, st.lists(KEYS, unique=True))
def test_any_text_comes_back_as_it_was(value: str, keys: list[str]) -> None:
    source = (
        "key: {{ value | quote }}\nmapping:\n{% for key in keys %}\n  {{ key | quote }}:"
        " {{ value | quote }}\n{% endfor %}\nend: true\n"
    )
    expected = {"key": value, "mapping": dict.fromkeys(keys, value) or None, "end": True}
    assert parse_manifest(write(source, value=value, keys=keys)) == expected


def test_numbers_and_booleans_keep_their_type() -> None:
    text = write("a: {{ a | quote }}\nb: {{ b | quote }}\nc: {{ c | quote }}\n", a=1, b=True, c="1")
    assert parse_manifest(text) == {"a": 1, "b": True, "c": "1"}


def test_quoting_does_not_mix_up_equal_values_of_other_types() -> None:
    assert [quote(1), quote(True), quote("1"), quote("true")] == ["1", "true", '"1"', '"true"']


@pytest.mark.parametrize("value", [None, 1.5, ["a"], {"a": 1}, b"a", float("nan")])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot be written"):
        quote(value)


@pytest.mark.parametrize("text", ["\ud800", "a\0b"])
def test_text_that_no_manifest_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"surrogates not allowed|NUL"):
        quote(text)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a: 1\nb: {{ value }}\n", "without the quote filter"),
        ("a: 1\nb: {{ value | quote ~ value }}\n", "without the quote filter"),
        ("a: 1\nb: {{ 'constant' }}\n", "without the quote filter"),
        ("a: 1\nb: {{ missing | quote }}\n", "'missing' is undefined"),
        ("a: 1\nb: {{ missing }}\n", "'missing' is undefined"),
        ("a: 1\n{% if missing %}b: 1{% endif %}\n", "'missing' is undefined"),
        ("a: 1\nb: {{ value.__class__.__mro__ | quote }}\n", "unsafe"),
        ("a: 1\nb: {{ value.missing | quote }}\n", "no attribute"),
        ("a: 1\nb: {{ values.append(1) | quote }}\n", "unsafe|not safely callable"),
        ("a: 1\nb: {{ range(3) | quote }}\n", "undefined"),
        ("a: 1\n{% include 'other' %}\n", "loader"),
        ("a: 1\n{% set x %}{{ value | quote }}{% endset %}{{ x }}\n", "without the quote filter"),
        ("a: 1\nb: {{ 1 // 0 }}\n", "ZeroDivisionError"),
        ("a: 1\nb: {{ half | quote }}\n", "surrogates not allowed"),
    ],
)
def test_what_a_template_must_not_do_is_a_finding_at_its_line(source: str, message: str) -> None:
    with pytest.raises(TemplateFailure, match=message) as failed:
        write(source, value="text", values=[], half="\ud800")
    finding = failed.value.finding
    assert (finding.file, finding.line, finding.rule) == (PATH, 2, "render.template")


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("a: {{ value\n", 1),
        ("a: 1\n{% if %}\n", 2),
        ("a: 1\n{{ value | upper }}\n", 2),
        ("a: 1\n{{ value | safe }}\n", 2),
        (b"a: \xff\n", 1),
        ("a: {{ " + "(" * 40_000 + "1" + ")" * 40_000 + " }}\n", 1),
        ("{% for x in values %}" * 30 + "{% endfor %}" * 30, 1),
        ("{% set x = " + "9" * 90_000 + " %}", 1),
        ("a" * 100_001, 1),
    ],
)
def test_a_template_that_cannot_be_compiled_is_a_finding(source: str | bytes, line: int) -> None:
    (finding,) = template_set(source).findings
    assert (finding.file, finding.line, finding.rule) == (PATH, line, "render.template")


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("b: {{ value | quote }}: {{ absent | quote }}", 28),
        ("absent: {{ absent | quote }}", 12),
        ("b: {{ 1 // 0 }}", 4),
        ("  {% include 'other' %}", 3),
    ],
)
def test_a_failure_is_at_the_column_of_what_failed(line: str, column: int) -> None:
    with pytest.raises(TemplateFailure) as failed:
        write(f"a: 1\n{line}\n", value="text")
    assert (failed.value.finding.line, failed.value.finding.column) == (2, column)


def test_a_missing_template_is_a_finding() -> None:
    (finding,) = TemplateSet({}, {"thing": PATH}).findings
    assert (finding.file, finding.message) == (PATH, "the template is missing")


def test_digests_are_of_the_bytes() -> None:
    assert template_set("a: 1\n").digests != template_set("a: 1 \n").digests

"""Whatever a template asks for, it ends soon, and takes little memory.

Every source here would take minutes, gigabytes or forever without its budget.
"""

import tracemalloc
from typing import Any

import pytest
import yaml
from jinja2.exceptions import SecurityError

from lockstep.render.sandbox import BUDGET, OverBudget, Sandbox
from lockstep.render.templates import TemplateFailure, TemplateSet, quote
from tests.unit.render.rendering import templates

PATH = "templates/thing/thing.yaml.j2"
BIG = "b" * 1_000_000
CONTEXT = {"text": "aaaaaaaaaa", "items": list(range(60)), "big": BIG, "same": BIG[:-1] + "b"}
INSIDE = "{% for x in items %}{% for y in items %}@{% endfor %}{% endfor %}"

TOO_MUCH = {
    "a text that is repeated": '{% set x = "a" * 9999999999 %}',
    "the same from the right": '{% set x = 9999999999 * "a" %}',
    "repeated by a boolean, which is a number": "{% set x = true * (text * 100000) %}",
    "a list that is repeated": "{% set x = [1] * 9999999999 %}",
    "a tuple of a long text": "{% set x = (big,) * 100000 %}",
    "loops in loops": "{% for x in items %}" * 12 + "{% endfor %}" * 12,
    "a text that doubles": "{% set x = text %}" + "{% set x = x ~ x %}" * 60,
    "the same by addition": "{% set x = text %}" + "{% set x = x + x %}" * 60,
    "a list that doubles": "{% set x = items %}" + "{% set x = x + x %}" * 60,
    "a list of itself, as text": "{% set x = items %}" + "{% set x = [x, x, x, x] %}" * 60
    + '{{ (x ~ "") | quote }}',
    "a macro that calls itself twice": (
        "{% macro m(n) %}{% if n %}{% set a = m(n - 1) %}{% set b = m(n - 1) %}{% endif %}"
        "{% endmacro %}{% set y = m(60) %}"
    ),
    "copies of a long text": INSIDE.replace("@", "{% set a = big[1:] %}"),
    "comparisons of long texts": INSIDE.replace("@", "{% set a = big == same %}"),
    "searches in a long text": INSIDE.replace("@", "{% set a = 'x' in big %}"),
    "searches by a method": INSIDE.replace("@", "{% set a = big.count('x') %}"),
    "long texts that are written": "{% for x in items %}{{ big | quote }}{% endfor %}",
    "a text that is kept": "{% set x %}" + INSIDE.replace("@", "a" * 500) + "{% endset %}",
    "keys that are compared": INSIDE.replace("@", "{% set a = {big: 1}[same] %}"),
    "a power": "{% set x = 9 ** 9999 %}",
    "a power of a broken number": "{% set x = 9.5 ** 99999 %}",
    "a large product": "{% set x = (10 ** 100) * (10 ** 100) %}",
}  # fmt: skip

DOUBLED = "{% set a = (1, 1) %}" + "{% set a = (a, a) %}" * 60

NOT_ALLOWED = {
    "center": "{{ text.center(10 ** 9) | quote }}",
    "ljust": "{{ text.ljust(10 ** 9) | quote }}",
    "zfill": "{{ text.zfill(10 ** 9) | quote }}",
    "join": "{{ text.join(items) | quote }}",
    "replace": "{{ text.replace('', text) | quote }}",
    "expandtabs": "{{ text.expandtabs(10 ** 9) | quote }}",
    "translate": "{{ text.translate({97: text}) | quote }}",
    "format": "{{ '{:>999999999}'.format(1) | quote }}",
    "format_map": "{{ '{a:>999999999}'.format_map({'a': 1}) | quote }}",
    "to_bytes": "{{ (1).to_bytes(10 ** 9, 'big') | quote }}",
    "str %": "{{ ('%099999999d' % 1) | quote }}",
    "is undefined": "{% for x in range(10 ** 9) %}{% endfor %}",
    "a key or an index is text or a number": DOUBLED + "{{ {'x': 1}[a] | quote }}",
    "a key or an index is text": DOUBLED + "{% set b = {a: 1} %}",
    "a key or an index is": DOUBLED + "{% set b = [][a] %}",
    "a key or an index": DOUBLED.replace("(", "[").replace(")", "]") + "{% set b = [][a] %}",
    "a key": DOUBLED + "{% set b = {}[a:a:a] %}",
    "a key or": DOUBLED + "{% for x in items %}{% set b = {x: {a: 1}} %}{% endfor %}",
    "'missing' is undefined": "{{ items[missing] | quote }}",
    "no loader": "{% include 'templates/thing/thing.yaml.j2' %}",
    "RecursionError": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "RecursionError: ": "{% block a %}{{ self.a() }}{% endblock %}",
    "depth": "{% for x in items recursive %}{{ loop(items) }}{% endfor %}",
}


def message_of(source: str) -> str:
    thing = TemplateSet({PATH: source.encode()}, {"thing": PATH})
    assert not thing.findings
    with pytest.raises(TemplateFailure) as failed:
        thing.write("thing", CONTEXT)
    return failed.value.finding.message


@pytest.mark.parametrize("source", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_template_that_does_too_much_fails_before_it_has_done_it(source: str) -> None:
    tracemalloc.start()
    try:
        message = message_of(source)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "does too much" in message
    assert peak < 30_000_000


@pytest.mark.parametrize(("reason", "source"), NOT_ALLOWED.items(), ids=NOT_ALLOWED)
def test_what_could_make_any_size_at_all_cannot_be_called(reason: str, source: str) -> None:
    assert reason.strip(": ") in message_of(source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ (text ~ 1 ~ '-' ~ text[:2]) | quote }}", '"aaaaaaaaaa1-aa"'),
        ("{% for x in items if x > 57 %}{{ loop.length | quote }}{% endfor %}", "22"),
        ("{{ (text.upper() + 'b').split('A')[-1] | quote }}", '"b"'),
        ("{{ (2 * 3 + 7 // 2 - 2 ** 2) | quote }}", "5"),
        ("{% macro m(x) %}a: b{% endmacro %}{% set y = m(1) %}{{ y | quote }}", '"a: b"'),
        ("{{ {text: {1: 2}}[text][1] | quote }}{{ items[-1] | quote }}", "259"),
        ("{{ {'a': 1}.get('a') | quote }}{{ ('-' * 3) | quote }}", '1"---"'),
        ("{% if text is string and text == 'aaaaaaaaaa' %}{{ 1 | quote }}{% endif %}", "1"),
    ],
)
def test_a_template_can_do_a_little(source: str, text: str) -> None:
    assert TemplateSet({PATH: source.encode()}, {"thing": PATH}).write("thing", CONTEXT) == text


def test_a_template_that_did_too_much_once_is_not_tried_again() -> None:
    source = b"{% for x in items %}{{ x | quote }}{% endfor %}"
    thing = TemplateSet({PATH: source}, {"thing": PATH})
    assert thing.write("thing", {"items": [1]}) == "1"
    findings = []
    for items in (["a" * BUDGET], [1]):
        with pytest.raises(TemplateFailure) as failed:
            thing.write("thing", {"items": items})
        findings.append(failed.value.finding)
    assert findings[0] == findings[1]


def test_the_finding_says_at_which_line_and_what_to_do() -> None:
    thing = TemplateSet({PATH: b'a: 1\n{% set x = "a" * 9999999999 %}\n'}, {"thing": PATH})
    with pytest.raises(TemplateFailure) as failed:
        thing.write("thing", CONTEXT)
    finding = failed.value.finding
    assert (finding.file, finding.line, finding.column) == (PATH, 2, 1)
    assert "context" in finding.fix


def test_shipped_templates_are_far_from_the_bounds() -> None:
    for _, source in templates().texts.sources.values():
        assert len(source) < 10_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "b": {"c": True}}, '\n  "a": 1\n  "b":\n    "c": true'),
        (["x: y", {"k": "v", "l": []}], '\n  - "x: y"\n  - "k": "v"\n    "l": []'),
        ([["a"], {}], '\n  - - "a"\n  - {}'),
        ({}, " {}"),
        ([], " []"),
        ({"a\n- b": "# c"}, '\n  "a\\n- b": "# c"'),
    ],
)
def test_a_list_or_mapping_is_written_as_it_is(value: Any, text: str) -> None:
    sandbox = Sandbox(quote)
    template = sandbox.template("key:{{ value | block(2) }}", "a")
    assert sandbox.run(template, {"value": value}) == f"key:{text}"
    assert yaml.safe_load(f"key:{text}") == {"key": value}


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("{{ [none] | block(2) }}", TypeError),
        ("{{ [1.5] | block(2) }}", TypeError),
        ("{{ (1, 2) | block(2) }}", TypeError),
        ("{{ [1] | block(81) }}", SecurityError),
        ("{{ [1] | block(-1) }}", SecurityError),
        ("{{ [1] | block('2') }}", SecurityError),
        ("{% set a = [1] %}{% set a = [[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]] %}"
         "{{ [[[[[[[[[[[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]]]]]]]]]] | block(0) }}", SecurityError),
        ("{% set a = ['x' * 99] * 9 %}{% set a = [a, a, a, a, a, a, a, a, a, a] %}"
         "{% set a = [a, a, a, a, a, a, a, a, a, a] %}{% set a = [a, a, a, a, a, a, a, a, a, a] %}"
         "{% set a = [a, a, a, a, a, a, a, a, a, a] %}{{ a | block(0) }}", OverBudget),
    ],
)  # fmt: skip
def test_a_block_holds_values_of_a_manifest_and_is_bounded(
    source: str, error: type[Exception]
) -> None:
    sandbox = Sandbox(quote)
    with pytest.raises(error):
        sandbox.run(sandbox.template(source, "a"), {})

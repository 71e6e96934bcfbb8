"""Each character of a rendered text knows its line and column of the template."""

import pytest

from lockstep.render.trace.template_marks import MarkedText, render_marked

CONTEXT = {
    "name": "fraud",
    "on": True,
    "off": False,
    "items": [("a", 1), ("b", 0)],
    "none": None,
    "nested": {"k": ["v", {"on": True}], "e": {}},
}


def marked(source: str) -> MarkedText:
    return render_marked("templates/x/x.yaml.j2", source, CONTEXT)


SOURCES = [
    "a: b\nc: {{ name | quote }}\n",
    "{# one\n   two #}\na: {{ name | quote }} # {{ on | quote }}\nb: c\n",
    "{% for key, value in items %}\n  {{ key | quote }}: {{ value | quote }}\n{% endfor %}\nb: c\n",
    "{% if on %}\na: b\n{% else %}\nc: d\n{% endif %}\ne: f\n",
    "{% if none %}\na: b\n{% endif %}\n{# x #}\n"
    "   {% if not off %}\nc: {{ on | quote }}\n{%- endif %}\n\nd: e\n",
    "a: {% if on %}yes{% else %}no{% endif %} # {{ name | quote }} after\nlast: {{ off | quote }}",
    "{% for key, value in items if value %}\n"
    "{{ key | quote }}: x\n{% else %}\nb: c\n{% endfor %}\n",
    "{% set other = name %}\na: {{ other | quote }}\nb: {{ 'text' | quote }}\n",
    "{% raw %}\na: '{{ x }}'\n{% endraw %}\nb: c\n",
    "a: b\r\nc: {{ name | quote }}\r\nd: e\r\n",
    "a:{{ nested | block(2) }}\nb: c\n",
]


@pytest.mark.parametrize("source", SOURCES)
def test_every_character_is_found_where_the_template_has_it(source: str) -> None:
    lines = source.replace("\r\n", "\n").split("\n")
    text = marked(source)
    for number, line in enumerate(text.text.split("\n"), 1):
        for column, character in enumerate(line, 1):
            here = text.mark_at(number, column)
            there = lines[here.line - 1][here.column - 1 :]
            assert here.is_expression == (there[:2] == "{{" and "raw" not in source)
            assert here.is_expression or there[0] == character, (line, column)


def test_a_value_knows_its_path_in_the_context() -> None:
    text = marked(SOURCES[2])
    assert text.text == '  "a": 1\n  "b": 0\nb: c\n'
    assert text.mark_at(1, 3).value == ("items", 0, 0)
    assert text.mark_at(2, 8).value == ("items", 1, 1)
    assert [text.mark_at(2, 8).line, text.mark_at(2, 8).column] == [2, 22]
    assert text.mark_at(3, 1)[1:] == (4, 1, False, None)
    assert text.first_mark(2).value == ("items", 1, 0)


def test_a_value_that_is_set_anew_keeps_its_path_and_a_literal_has_none() -> None:
    text = marked(SOURCES[7])
    assert (text.mark_at(1, 4).value, text.mark_at(2, 4).value) == (("name",), None)


def test_booleans_and_numbers_are_written_as_always() -> None:
    assert marked("{{ on | quote }} {{ off | quote }} {{ items[1][1] | quote }}").text == (
        "true false 0"
    )


def test_the_frame_is_what_the_template_itself_wrote() -> None:
    text = marked(SOURCES[2])
    assert text.frame == '  "x": "x"\n  "x": "x"\nb: c\n'


def test_marks_of_a_hostile_template_are_only_text() -> None:
    text = marked('a: \0{"line": 900, "column": 1}\0b\n')
    assert text.mark_at(1, 20).line == 1


def test_each_value_of_a_block_has_its_mark_and_the_frame_its_lines() -> None:
    text = marked("a:{{ nested | block(2) }}\nb: c\n")
    assert text.text == 'a:\n  "k":\n    - "v"\n    - "on": true\n  "e": {}\nb: c\n'
    assert text.frame == 'a:\n  "x":\n    - "x"\n    - "x": "x"\n  "x": {}\nb: c\n'
    assert text.mark_at(3, 7).value == ("nested", "k", 0)
    assert text.mark_at(4, 13).value == ("nested", "k", 1, "on")
    assert text.mark_at(4, 13)[1:3] == (1, 3)
    assert text.mark_at(6, 1)[1:3] == (2, 1)

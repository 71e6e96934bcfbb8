"""Composed values: their places, and the traps of YAML that are findings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.document import Document, Pointer, Span, value_at
from lockstep.spec.yaml.compose import MAX_DEPTH, MAX_NODES
from lockstep.spec.yaml.load import load_yaml

TEXT = b"""\
# a remark
spec:
  name: "x"
  list:
    - 1
    - {a: [2, 3], b: }
"""


def document(data: bytes) -> Document:
    loaded, findings = load_yaml("a.yaml", data)
    assert loaded is not None and not findings, findings
    return loaded


def test_every_value_and_key_keeps_its_place() -> None:
    loaded = document(TEXT)
    assert loaded.value == {"spec": {"name": "x", "list": [1, {"a": [2, 3], "b": None}]}}
    scalars: dict[Pointer, Span] = {
        ("spec", "name"): Span(3, 9, 3, 12),
        ("spec", "list", 0): Span(5, 7, 5, 8),
        ("spec", "list", 1): Span(6, 7, 6, 23),
        ("spec", "list", 1, "a"): Span(6, 11, 6, 17),
        ("spec", "list", 1, "a", 1): Span(6, 15, 6, 16),
    }
    assert {pointer: loaded.spans[pointer] for pointer in scalars} == scalars
    assert loaded.key_spans["spec", "list"] == Span(4, 3, 4, 7)
    assert loaded.places.flow == {("spec", "list", 1), ("spec", "list", 1, "a")}
    assert loaded.locate(("spec", "list", 1, "b"))[1:] == (6, 22)
    assert loaded.locate(("spec", "list"), key=True)[1:] == (4, 3)


def test_columns_count_characters() -> None:
    assert document("{ä€𝄞: {ü: 1}}".encode()).locate(("ä€𝄞", "ü"))[1:] == (1, 11)


@pytest.mark.parametrize(
    ("data", "rule", "line", "column", "pointer"),
    [
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", "yaml.duplicate-key", 4, 3, "/b/c"),
        (b'{a: 1, "a": 2}', "yaml.duplicate-key", 1, 8, "/a"),
        (b"? a\n: 1\n? a\n: 2\n", "yaml.duplicate-key", 3, 3, "/a"),
        (b"- {x/y: 1, x/y: 1}", "yaml.duplicate-key", 1, 12, "/0/x~1y"),
        (b"b: &b {x: 1}\na:\n  <<: *b\n", "yaml.merge-key", 3, 3, "/a"),
        (b"a: !!str 1\n", "yaml.tag", 1, 4, "/a"),
        (b"a: !!python/object/apply:os.system [id]\n", "yaml.tag", 1, 4, "/a"),
        (b"a: !<tag:example.com,2026:x> y\n", "yaml.tag", 1, 4, "/a"),
        (b"- !local {}\n", "yaml.tag", 1, 3, "/0"),
        (b"a: ! 42\n", "yaml.tag", 1, 4, "/a"),
        (b'a: &x ! "42"\n', "yaml.tag", 1, 4, "/a"),
        (b"a: ! [x]\n", "yaml.tag", 1, 4, "/a"),
        (b"!!int a: 1\n", "yaml.tag", 1, 1, ""),
        (b"a:\n  1: x\n", "yaml.key", 2, 3, "/a"),
        (b"true: x\n", "yaml.key", 1, 1, ""),
        (b"~: x\n", "yaml.key", 1, 1, ""),
        (b"? \n: x\n", "yaml.key", 1, 2, ""),
        (b"on: push\n", "yaml.ambiguous", 1, 1, ""),
        (b"a:\n  - x\n  - NO\n", "yaml.ambiguous", 3, 5, "/a/1"),
    ],
)
def test_a_trap_is_a_finding_at_its_place_and_the_rest_is_still_read(
    data: bytes, rule: str, line: int, column: int, pointer: str
) -> None:
    loaded, findings = load_yaml("a.yaml", data)
    assert loaded is not None
    assert [(f.rule, f.line, f.column, f.pointer) for f in findings] == [
        (rule, line, column, pointer)
    ]
    assert findings[0].message and findings[0].fix


@pytest.mark.parametrize(
    ("data", "rule", "line", "column"),
    [
        (b"a: *b\n", "yaml.alias", 1, 4),
        (b"a: &a [*a]\n", "yaml.alias", 1, 8),
        (b"a: &a\n  b:\n    c: *a\n", "yaml.alias", 3, 8),
        (b"a: &x 1\nb: &x [*x]\n", "yaml.alias", 2, 8),
        (b"a: &a x\n*a : 1\n", "yaml.alias", 2, 1),
        (b"? [a]\n: 1\n", "yaml.key", 1, 3),
        (b"{{a: 1}: 1}", "yaml.key", 1, 2),
        (b"[" * (MAX_DEPTH + 1), "yaml.depth", 1, MAX_DEPTH + 1),
        (b"- " * (MAX_DEPTH + 1) + b"a", "yaml.depth", 1, 2 * MAX_DEPTH + 1),
        (b"[" * 200_000, "yaml.depth", 1, MAX_DEPTH + 1),
        (b"\n".join([b"- x"] * MAX_NODES), "yaml.size", MAX_NODES, 3),
    ],
)
def test_what_has_no_value_is_rejected(data: bytes, rule: str, line: int, column: int) -> None:
    loaded, findings = load_yaml("a.yaml", data)
    assert loaded is None
    assert [(f.rule, f.line, f.column) for f in findings] == [(rule, line, column)]


def test_second_of_two_keys_names_the_first() -> None:
    _, (found,) = load_yaml("a.yaml", b"a: 1\nb: 2\na: 3\n")
    assert [(r.file, r.line, r.column) for r in found.related] == [("a.yaml", 1, 1)]


@pytest.mark.parametrize(
    ("data", "fix"),
    [
        (b"a: NO\n", 'write it in quotes: "NO", or as false for a boolean'),
        (b"a: yes\n", 'write it in quotes: "yes", or as true for a boolean'),
        (b"a: 012\n", 'write it in quotes: "012", or as a number without leading zeros'),
        (b"a: 0x1F\n", 'write it in quotes: "0x1F", or as a decimal number'),
        (b"a: 1_000\n", 'write it in quotes: "1_000", or without the underscores'),
        (b"a: 1:30\n", 'write it in quotes: "1:30", or as a length of time such as 1h30m'),
        (b"a: .nan\n", 'write it in quotes: ".nan", or as a finite number'),
        (b"a: 2026-01-31\n", 'write it in quotes: "2026-01-31"'),
    ],
)
def test_what_to_write_instead_of_a_trap(data: bytes, fix: str) -> None:
    _, (found,) = load_yaml("a.yaml", data)
    assert found.fix == fix


def test_alias_says_whether_it_has_no_anchor_or_is_in_its_own_value() -> None:
    for data, says in ((b"a: *b\n", "has no anchor above it"), (b"a: &b [*b]\n", "is inside")):
        _, (found,) = load_yaml("a.yaml", data)
        assert f"the alias '*b' {says}" in found.message


def test_aliases_repeat_a_finished_value_and_point_to_where_it_is_written_out() -> None:
    loaded = document(b"a: &x {k: [1]}\nb: *x\nc: &x 2\nd: *x\n")
    assert loaded.value == {"a": {"k": [1]}, "b": {"k": [1]}, "c": 2, "d": 2}
    assert loaded.locate(("b", "k", 0))[1:] == (2, 4)


def test_exploding_aliases_are_rejected_before_they_explode() -> None:
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 9):
        inside = b", ".join([b"*a%d" % (level - 1)] * 10)
        lines.append(b"a%d: &a%d [%s]" % (level, level, inside))
    loaded, findings = load_yaml("a.yaml", b"\n".join(lines))
    assert loaded is None
    assert [(f.rule, f.line) for f in findings] == [("yaml.size", 5)]


def test_aliases_cannot_nest_deeper_than_anybody_may_write() -> None:
    half = MAX_DEPTH // 2
    data = b"a: &a %s\nb: %s\n" % (b"[" * half + b"]" * half, b"[" * half + b"*a" + b"]" * half)
    loaded, findings = load_yaml("a.yaml", data)
    assert loaded is None
    assert [(f.rule, f.line, f.column) for f in findings] == [("yaml.depth", 2, 4 + half)]
    deepest = half - 1  # and the mapping around it
    document(data.replace(b"[" * half + b"*a", b"[" * deepest + b"*a").replace(
        b"*a" + b"]" * half, b"*a" + b"]" * deepest))  # fmt: skip


def test_a_value_through_many_small_aliases_does_not_nest_without_end() -> None:
    lines = [b"a0: &a0 {k: x}"]
    lines += [b"a%d: &a%d {k: *a%d}" % (n, n, n - 1) for n in range(1, 200)]
    findings = load_yaml("a.yaml", b"\n".join(lines))[1]
    assert [(f.rule, f.line) for f in findings] == [("yaml.depth", MAX_DEPTH)]


@given(
    st.recursive(
        st.sampled_from(["x", '"y"', "1"]),
        lambda inner: (
            st.lists(inner, max_size=4).map(lambda items: "[" + ", ".join(items) + "]")
            | st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(
                lambda each: "{" + ", ".join(f"{k}: {v}" for k, v in each.items()) + "}"
            )
        ),
        max_leaves=12,
    )
)
def test_the_text_at_a_span_is_the_value_itself(text: str) -> None:
    loaded = document(text.encode())
    for pointer, span in loaded.spans.items():
        part = text[span.column - 1 : span.end_column - 1]
        assert document(part.encode()).value == value_at(loaded.value, pointer)

"""No file, however malformed, breaks the loader or what comes after it.

``LOCKSTEP_FUZZ=100`` runs a hundred times as many inputs, with new ones each time.
"""

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockstep.model.decision import Action, Decision, Phase, Position, Target
from lockstep.model.document import Document, Json, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.model.record import write_record
from lockstep.spec.assemble import assemble
from lockstep.spec.edit import edit_variants
from lockstep.spec.freezes import freezes_in_force
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.yaml.compose import MAX_DEPTH, MAX_NODES
from lockstep.spec.yaml.load import MAX_BYTES, Documents, load_yaml
from tests.unit.fleets import validate_fleet
from tests.unit.spec.yaml.yaml_reader import read_independently, same

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 12, 25, 12, tzinfo=UTC)
TIMES = int(os.environ.get("LOCKSTEP_FUZZ", "1"))
FLEET = {
    p.relative_to(ROOT).as_posix(): p.read_bytes() for p in (ROOT / "clusters").rglob("*.yaml")
}
FILES = [path for path in sorted(FLEET) if "/locks/" not in path]
SCHEMAS = Schemas(
    {
        p.relative_to(ROOT).as_posix(): p.read_bytes()
        for p in (ROOT / "policies/schemas").rglob("*.json")
    }
)

_WORDS = r"""
a b spec name version weight NO yes on null ~ true True 41 012 0o17 0x1F 1_000 1e3 1e999 08.5 1:30
2026-01-31 .nan -.INF .inf nan "x" 'it''s' "\uD800" "\x41" "\N" "a\
b" *a &a !!str !local !!python/object:x ! << = @ ` | > |- >2 ? : , - [ ] { } # %TAG --- ... \
99999999999999999999999999 - ? : [] {} {a: [b]} [*a, *a] {<<: *a} [[[[[[ {{x}} {% x %}
"""
WORDS = _WORDS.split()
BREAKS = [
    "\n",
    "\r\n",
    "\r",
    "\x85",
    "\u2028",
    "\t",
    "\0",
    "\ufeff",
    "\u202e",
    "\x1b",
    "",
    " ",
    "  ",
]
BYTES = [
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\0",
    b"\xf4\x90\x80\x80",
]
PIECES = st.sampled_from([piece.encode() for piece in (*WORDS, *BREAKS, ": ", "- ", " #")] + BYTES)


def fuzz(examples: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """A file with a few pieces put in, or put over what was there."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(changed)))
        gone = draw(st.sampled_from((0, 0, 1, 4, 60)))
        changed[at : at + gone] = draw(PIECES | st.binary(max_size=3))
    return bytes(changed)


@st.composite
def lines_of_yaml(draw: st.DrawFn) -> bytes:
    """Lines that look like YAML: indented, of keys, dashes, brackets, anchors and scalars."""
    lines = []
    for _ in range(draw(st.integers(1, 8))):
        indent = draw(st.sampled_from(["", "", " ", "  ", "    ", "\t"]))
        lead = draw(st.sampled_from(["", "- ", "- - ", "? ", ": ", "a: ", "b: ", "a: &a ", "- *a"]))
        words = draw(st.lists(st.sampled_from(WORDS), max_size=4))
        lines.append(indent + lead + draw(st.sampled_from([" ", "", ", "])).join(words))
    return draw(st.sampled_from(["\n", "\n", "\n", "\r\n"])).join(lines).encode()


def places_are_inside(data: bytes, findings: list[Finding]) -> None:
    lines = data.decode(errors="replace").split("\n")
    for found in findings:
        assert 1 <= found.line <= len(lines), (data, found)
        assert 1 <= found.column <= len(lines[found.line - 1]) + 1, (data, found)
        assert found.message.isprintable() and found.fix.isprintable(), (data, found)


def size_of(value: Json) -> tuple[int, int]:
    """How many values there are, and how deep they are nested."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    sizes = [size_of(each) for each in inside]
    return 1 + sum(n for n, _ in sizes), max((d for _, d in sizes), default=0) + bool(
        isinstance(value, dict | list)
    )


def spans_hold(data: bytes, document: Document) -> None:
    """Each value in plain sight reads, by itself, as what the document has there."""
    lines = data.decode().replace("\r\n", "\n").split("\n")
    for pointer, span in document.spans.items():
        assert value_at(document.value, pointer, ...) is not ..., (data, pointer)
        assert (span.line, span.column) <= (span.end_line, span.end_column), (data, pointer)
        part = lines[span.line - 1][span.column - 1 : span.end_column - 1]
        value = value_at(document.value, pointer)
        if span.line != span.end_line or isinstance(value, dict | list):
            continue
        if re.match(r"[^&*!|>]", part):
            again, _ = load_yaml("a.yaml", f"- {part}\n".encode())
            assert again is not None and same(again.value, [value]), (data, pointer, part)


def check(data: bytes) -> None:
    document, findings = load_yaml("a.yaml", data)
    assert document is not None or findings, data
    places_are_inside(data, findings)
    if document is None:
        return
    nodes, depth = size_of(document.value)
    assert nodes <= MAX_NODES and depth <= MAX_DEPTH, data
    if findings:
        return
    spans_hold(data, document)
    try:
        expected = read_independently(data)
    except (yaml.YAMLError, TypeError):
        return  # PyYAML's own parser is stricter with tabs and with "?" inside of braces
    assert same(document.value, expected), data


@fuzz(1500)
@given(st.binary(max_size=120))
def test_any_bytes(data: bytes) -> None:
    check(data)


@fuzz(1200)
@given(lines_of_yaml())
def test_lines_that_look_like_yaml(data: bytes) -> None:
    check(data)


@fuzz(700)
@given(st.sampled_from(FILES).flatmap(lambda path: mutated(FLEET[path])))
def test_damaged_files(data: bytes) -> None:
    check(data)


@st.composite
def damaged_fleets(draw: st.DrawFn) -> dict[str, bytes]:
    """The reference fleet with one to three files damaged, lost or in another's place."""
    fleet = dict(FLEET)
    for path in draw(st.lists(st.sampled_from(FILES), min_size=1, max_size=3, unique=True)):
        how = draw(st.sampled_from(["damage", "damage", "damage", "lose", "swap", "bytes"]))
        if how == "damage":
            fleet[path] = draw(mutated(fleet[path]))
        elif how == "lose":
            del fleet[path]
        elif how == "swap":
            fleet[path] = FLEET[draw(st.sampled_from(FILES))]
        else:
            fleet[path] = draw(st.binary(max_size=40))
    return fleet


def judge(files: Tree) -> list[Finding]:
    fleet, findings = assemble(files)
    for environment in fleet.environments.values():
        freezes_in_force(environment, "fraud-detection", NOON)
    return [*findings, *validate_fleet(fleet, SCHEMAS, findings)]


@fuzz(160)
@given(damaged_fleets())
def test_damaged_fleets(files: dict[str, bytes]) -> None:
    findings = judge(files)
    for path, data in files.items():
        places_are_inside(data, [found for found in findings if found.file == path])
    for found in findings:
        for other in found.related:
            lines = files[other.file].decode(errors="replace").split("\n")
            assert 1 <= other.line <= len(lines) and other.column >= 1, found
    assert findings == judge(files)


DOCUMENTS = Documents()
RECORD = write_record(
    Decision(
        "prod", "fraud-detection", 1, None, Action.PROPOSE, Target("42", "sha256:" + "ab" * 32),
        Position(Phase.NEW), Position(Phase.NEW),
        {"fraud-detection-eu-west-1": [{"name": "stable", "version": "41", "weight": 100}]},
        "because", "ml@example.com", "2026-01-31T08:00:00Z", "0.1.0",
    )
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@st.composite
def damaged_records(draw: st.DrawFn) -> bytes:
    """A record with one of its values replaced by anything, or its bytes damaged."""
    if draw(st.booleans()):
        return draw(mutated(RECORD))
    body = json.loads(RECORD)
    here = body[draw(st.sampled_from(["metadata", "spec"]))]
    here[draw(st.sampled_from(sorted(here)))] = draw(JSON)
    return json.dumps(body, indent=2, sort_keys=True).encode() + b"\n"


@fuzz(800)
@given(damaged_records() | st.binary(max_size=40) | st.just(b"[" * 100_000))
def test_damaged_records(data: bytes) -> None:
    path = "ledger/prod/fraud-detection/000001.json"
    heads = {
        each: FLEET[each] for each in FILES if each.endswith(("environment.yaml", "family.yaml"))
    }
    fleet, findings = assemble({**heads, path: data}, DOCUMENTS)
    (family,) = (f for f in fleet.families() if f.name == "fraud-detection")
    reported = [found for found in findings if found.file == path]
    assert len(reported) + len(family.records) == 1, data
    places_are_inside(data, reported)


@pytest.mark.parametrize(
    "data",
    [
        b"a: " + b"x" * (MAX_BYTES - 4),
        b"x" * (MAX_BYTES - 4) + b": a",
        b"a: 1" + b"_" * (MAX_BYTES - 6) + b"x",
        b"a: 1" + b":1" * (MAX_BYTES // 2 - 6) + b"x",
        b"a: 0" + b"0" * (MAX_BYTES - 6) + b"x",
        b"a: 1" + b"." * (MAX_BYTES - 6) + b"x",
        b'a: "' + b"\\x41" * (MAX_BYTES // 4 - 2) + b'"',
        b"? " * (MAX_BYTES // 2),
        b"- " * (MAX_BYTES // 2),
        b"[" * MAX_BYTES,
        b"{" * MAX_BYTES,
        b"{a: " * (MAX_BYTES // 4),
        b"a:\n" * (MAX_BYTES // 3),
        b"&a " * (MAX_BYTES // 3),
        b"!a " * (MAX_BYTES // 3),
        b"*a " * (MAX_BYTES // 3),
        b"\n" * MAX_BYTES,
        b"#" * MAX_BYTES,
        b"'" * MAX_BYTES,
        b"a: |\n" + b" \n" * (MAX_BYTES // 2 - 3),
        b"\n".join(b"k%d: &k%d x" % (n, n) for n in range(30_000)),
        b"\n".join(b"k%d: *k%d" % (n, n - 1) if n else b"k0: &k0 x" for n in range(30_000)),
        b"%TAG !a! b\n" * (MAX_BYTES // 11),
        b"--- a\n" * (MAX_BYTES // 6),
        b",".join([b"a"] * (MAX_BYTES // 2)),
        b"[" + b"a," * (MAX_BYTES // 2 - 1),
    ],
    ids=lambda data: repr(data[:8]),
)
def test_the_largest_files_of_every_kind_are_read_or_rejected(data: bytes) -> None:
    assert len(data) <= MAX_BYTES
    document, findings = load_yaml("a.yaml", data)
    assert document is not None or findings
    places_are_inside(data, findings)
    if document is not None:
        assert size_of(document.value)[0] <= MAX_NODES


def test_a_file_of_nothing_but_unknown_fields_is_checked_and_reported_in_part() -> None:
    path = "clusters/prod/fraud-detection/us-east-1.yaml"
    unknown = b"".join(b"  field%d: 1\n" % number for number in range(20_000))
    found = judge({**FLEET, path: FLEET[path] + unknown})
    assert 30 < len(found) <= 500


def test_windows_line_ends_are_kept_by_a_machine_edit_and_places_are_right() -> None:
    path = "clusters/prod/recommender/eu-west-1.yaml"
    unix = FLEET[path]
    windows = unix.replace(b"\n", b"\r\n")
    document, findings = load_yaml(path, windows)
    other, _ = load_yaml(path, unix)
    assert document is not None and other is not None and not findings
    assert (document.value, document.spans) == (other.value, other.spans)
    variants = value_at(document.value, ("spec", "variants"))
    wanted = [
        {**variants[0], "weight": 40},
        variants[1],
        {**variants[1], "name": "b", "weight": 10},
    ]
    edited, plain = edit_variants(document, windows, wanted), edit_variants(other, unix, wanted)
    assert edited == plain.replace(b"\n", b"\r\n") != windows

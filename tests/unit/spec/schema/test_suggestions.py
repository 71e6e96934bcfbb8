"""Suggestions for a wrong value: only what the schema allows is ever offered."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.model.document import Json
from lockstep.spec.schema.load import BASE, compile_slow
from lockstep.spec.schema.suggestions import suggest, written
from lockstep.spec.yaml.load import load_yaml

DIGEST = "sha256:" + "ab" * 32
ROOT = Path(__file__).resolve().parents[4]
COMMON: Json = json.loads((ROOT / "policies/schemas/common.json").read_bytes())


@pytest.mark.parametrize(
    ("kind", "value", "right"),
    [
        ("duration", "4H", "4h"),
        ("duration", "one hour", ""),
        ("duration", "90 minutes", ""),
        ("memory", "1024", ""),
        ("memory", " 1Gi ", "1Gi"),
        ("digest", "SHA256:" + "AB" * 32, DIGEST),
        ("digest", "ab" * 31, ""),
        ("name", "Fraud", "fraud"),
        ("name", "9lives", ""),
        ("name", "caf\u00e9", ""),
        ("region", "EU-WEST-1", "eu-west-1"),
        ("jurisdiction", "eu", "EU"),
        ("hostName", "A.example.com", "a.example.com"),
        ("hostName", "https://bot:hunter2@a.example.com", ""),
        ("time", "2026-01-31t08:00:00z", '"2026-01-31T08:00:00Z"'),
        ("time", "2026-01-31", ""),
        ("version", "4 2", ""),
        ("line", "a\nb", ""),
        ("name", "", ""),
        ("name", "A" * 10_000, ""),
    ],
)
def test_other_spelling(kind: str, value: str, right: str) -> None:
    assert suggest(value, COMMON["$defs"][kind]) == right


@pytest.mark.parametrize(
    ("schema", "value", "right"),
    [
        ({"type": "boolean"}, "True", "true"),
        ({"type": "boolean"}, "FALSE", "false"),
        ({"type": "boolean"}, "maybe", ""),
        ({"type": "integer", "maximum": 100}, "10%", ""),
        ({"type": "string", "enum": ["legitimate-interests"]}, "legitimate_interest",
         "legitimate-interests"),
        ({"type": "string", "enum": ["offline", "live"]}, "online", ""),
    ],
)  # fmt: skip
def test_other_type(schema: Json, value: str, right: str) -> None:
    assert suggest(value, schema) == right


NOTED = st.text("0123456789 .,:%-+/_abcdefghimnoprstuwyzABDGHIMPSTZ", max_size=24)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(COMMON["$defs"])), NOTED | st.text(max_size=40))
def test_whatever_is_offered_is_valid_when_it_is_pasted(kind: str, value: str) -> None:
    schema = COMMON["$defs"][kind]
    offered = suggest(value, schema)
    if not offered:
        return
    document, findings = load_yaml("a.yaml", f"{{a: {offered}}}\n".encode())
    assert document is not None and not findings
    files = {"common.json": COMMON, "one.json": {"$ref": f"{BASE}common.json#/$defs/{kind}"}}
    assert compile_slow("one.json", files).is_valid(document.value["a"]), (value, offered)


@settings(max_examples=300, deadline=None)
@given(NOTED)
def test_text_is_written_so_that_yaml_reads_it_as_text(value: str) -> None:
    document, findings = load_yaml("a.yaml", f"a: {written(value)}\n".encode())
    assert document is not None and not findings
    assert document.value == {"a": value}

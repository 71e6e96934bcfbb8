"""What was probably meant by a wrong value: only what the schema takes is ever offered."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.model.document import Json
from lockstep.spec.schema.load import BASE, compile_slow
from lockstep.spec.schema.suggestions import meant, written
from lockstep.spec.yaml.load import load_yaml

ROOT = Path(__file__).resolve().parents[4]
COMMON: Json = json.loads((ROOT / "policies/schemas/common.json").read_bytes())
DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("kind", "value", "right"),
    [
        ("duration", "1 hour", "1h"),
        ("duration", "90 minutes", "1h30m"),
        ("duration", "90min", "1h30m"),
        ("duration", "PT1H30M", "1h30m"),
        ("duration", "P2D", "2d"),
        ("duration", "1h 30m", "1h30m"),
        ("duration", "1.5h", "1h30m"),
        ("duration", "1 day and 2 hours", "1d2h"),
        ("duration", "4H", "4h"),
        ("duration", "one hour", ""),
        ("duration", "1 fortnight", ""),
        ("requestDuration", "2 seconds", "2s"),
        ("requestDuration", "0.5s", "500ms"),
        ("requestDuration", "1h", "60m"),
        ("memory", "1gb", "1G"),
        ("memory", "1GiB", "1Gi"),
        ("memory", "512mb", "512M"),
        ("memory", "1.5Gi", "1536Mi"),
        ("memory", "1024", ""),
        ("cpu", "2 cores", '"2"'),
        ("cpu", "500 millicores", "500m"),
        ("digest", "sha256-" + "ab" * 32, DIGEST),
        ("digest", "AB" * 32, DIGEST),
        ("digest", "ab" * 31, ""),
        ("name", "Fraud_Detection", "fraud-detection"),
        ("name", "9lives", ""),
        ("name", "caf\u00e9", ""),
        ("region", "EU-WEST-1", "eu-west-1"),
        ("jurisdiction", "eu", "EU"),
        ("hostName", "https://a.example.com/", "a.example.com"),
        ("hostName", "https://bot:hunter2@a.example.com", ""),
        ("owner", "mailto:ml@example.com", "ml@example.com"),
        ("time", "2026-01-31T10:00:00+02:00", '"2026-01-31T08:00:00Z"'),
        ("time", "2026-01-31", ""),
        ("time", "0001-01-01T00:00:00+14:00", ""),
        ("date", "2026/1/5", '"2026-01-05"'),
        ("version", "4 2", ""),
        ("line", "a\nb", ""),
        ("name", "", ""),
        ("name", "A" * 10_000, ""),
    ],
)
def test_other_spelling(kind: str, value: str, right: str) -> None:
    assert meant(value, COMMON["$defs"][kind]) == right


@pytest.mark.parametrize(
    ("schema", "value", "right"),
    [
        ({"type": "boolean"}, "Yes", "true"),
        ({"type": "boolean"}, "OFF", "false"),
        ({"type": "boolean"}, "maybe", ""),
        ({"type": "integer", "maximum": 100}, "10%", "10"),
        ({"type": "integer", "maximum": 100}, "1,000", ""),
        ({"type": "integer"}, "1,000", "1000"),
        ({"type": "integer"}, "1.5", ""),
        ({"type": "number"}, "99.9%", "99.9"),
        ({"type": "number", "description": "A ratio."}, "94%", ""),
        ({"type": "number"}, "0,94", "0.94"),
        ({"type": "number"}, "1,5", "1.5"),
        ({"type": "string", "maxLength": 512, "pattern": "^[a-z./]+$"}, "a.b/c d/e", "a.b/cd/e"),
        ({"type": "string", "enum": ["legitimate-interests"]}, "legitimate_interest",
         "legitimate-interests"),
        ({"type": "string", "enum": ["offline", "live"]}, "online", ""),
        ({"type": "string", "pattern": "^/[a-z]*$"}, "ping", "/ping"),
    ],
)  # fmt: skip
def test_other_type(schema: Json, value: str, right: str) -> None:
    assert meant(value, schema) == right


NOTED = st.text("0123456789 .,:%-+/_abcdefghimnoprstuwyzABDGHIMPSTZ", max_size=24)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(sorted(COMMON["$defs"])), NOTED | st.text(max_size=40))
def test_whatever_is_offered_is_valid_when_it_is_pasted(kind: str, value: str) -> None:
    schema = COMMON["$defs"][kind]
    offered = meant(value, schema)
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

"""The reference: every field of every schema is in it, with what it may be."""

from pathlib import Path

import pytest

from lockstep.model.document import Json
from lockstep.spec.schema.field_reference import reference
from lockstep.spec.schema.load import SchemaFiles, read_schemas
from lockstep.spec.schema.record_reference import record_reference

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def files() -> SchemaFiles:
    folder = ROOT / "policies/schemas"
    return read_schemas(
        {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in folder.rglob("*.json")}
    )


def row(text: str, field: str) -> list[str]:
    (line,) = {line for line in text.splitlines() if line.startswith(f"| `{field}` |")}
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def fields_of(schema: Json) -> set[str]:
    """The name of every field that a schema names anywhere."""
    if isinstance(schema, list):
        return {name for each in schema for name in fields_of(each)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {})) if isinstance(schema.get("properties"), dict) else set()
    return own | {name for each in schema.values() for name in fields_of(each)}


def test_every_field_has_a_row(files: SchemaFiles) -> None:
    text = reference(files) + record_reference(files)
    rows = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    names = {path.rstrip("[]").split(".")[-1] for path in rows}
    wanted = {name for file, schema in files.items() for name in fields_of(schema)}
    assert wanted - names == set()
    doubles = {path for path in rows if path.startswith("spec.serving") and rows.count(path) > 1}
    assert doubles == set(), "a part that two kinds share is written once"


def test_a_row_says_what_is_allowed_in_words(files: SchemaFiles) -> None:
    text = reference(files)
    assert row(text, "spec.serving.port")[1:3] == ["a whole number from 1 to 65535", "yes"]
    assert row(text, "spec.rollout.onFailure")[1] == "`revert` or `hold`"
    assert row(text, "spec.kubernetesVersion")[1].startswith('`"1.29"`, `"1.30"`')
    assert row(text, "spec.residency")[1] == (
        "a list of 1 to 50 entries: each a jurisdiction, 2 to 10 characters; no two alike"
    )
    assert row(text, "spec.rollout.steps[].bake")[4] == "`30m`, `1h30m`, `2d`"
    assert row(text, "spec.variants[].version")[4] == '`"42"`'
    assert row(text, "spec.serving")[1] == "as in [Serving](#serving)"
    assert row(text, "spec.gateways")[2] == "", "not needed"


def test_what_a_cluster_needs_with_its_defaults_is_needed(files: SchemaFiles) -> None:
    text = reference(files)
    assert row(text, "spec.host")[2] == "yes"
    assert row(text, "spec.serving.resources.limits.cpu")[2] == "yes"
    assert row(text, "spec.serving.hpa")[2] == ""
    assert row(text, "spec.serving.hpa.maxReplicas")[2] == "yes"


def test_each_gate_source_has_a_section_and_its_choice_of_bounds(files: SchemaFiles) -> None:
    text = reference(files)
    assert "For `source: mlflow` as in [Gate on a metric in MLflow]" in text
    assert "At least one of `metric` or `counts`." in text
    assert "`from` needs `until`." in text


def test_links_lead_to_headings(files: SchemaFiles) -> None:
    text = reference(files)
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    anchors = [heading.lower().replace(" ", "-") for heading in headings]
    links = {part.split(")")[0] for part in text.split("](#")[1:]}
    assert len(set(anchors)) == len(anchors)
    assert links <= set(anchors)


def test_the_order_of_files_plays_no_part(files: SchemaFiles) -> None:
    assert reference(dict(reversed(files.items()))) == reference(files)


def test_text_of_a_schema_cannot_become_a_table_or_html() -> None:
    schema = {
        "title": "A",
        "properties": {
            "kind": {"const": "A"},
            "x": {"type": "string", "description": "a | b <script> `<c>`"},
        },
    }
    assert "| a \\| b &lt;script> `<c>` |" in reference({"a.json": schema})

"""Schemas in one piece, as OPA's compiler reads them: what is a mistake in a rule there."""

import json
from pathlib import Path

import pytest

from lockstep.edges.process import run
from lockstep.model.document import Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.policy.input_schemas import input_schemas
from lockstep.spec.schema.flatten import flatten
from lockstep.spec.schema.load import SchemaFiles, read_schemas
from tests.unit.opa.parts import opa_program

ROOT = Path(__file__).resolve().parents[3]
TEXT = {"type": "string"}


@pytest.fixture(scope="module")
def files() -> SchemaFiles:
    folder = ROOT / "policies/schemas"
    return read_schemas(
        {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in folder.rglob("*.json")}
    )


def one(schema: Json, **others: Json) -> Json:
    names = {name.replace("__", "/") + ".json": other for name, other in others.items()}
    return flatten({"one.json": schema, **names}, "one.json")


def test_references_are_resolved_from_every_file() -> None:
    part = {"properties": {"b": {"$ref": "../common.json#/$defs/x"}, "c": {"$ref": "#/$defs/y"}},
            "$defs": {"y": {"type": "integer"}}}  # fmt: skip
    common = {"$defs": {"x": {"type": "string", "pattern": "^a"}}}
    whole = one({"properties": {"a": {"$ref": "parts/a.json"}}}, parts__a=part, common=common)
    inside = {"type": "object", "properties": {"b": TEXT, "c": {"type": "number"}}}
    assert whole == {"type": "object", "properties": {"a": inside}}


def test_fields_next_to_a_reference_are_added() -> None:
    base = {"type": "object", "properties": {"a": {"properties": {"x": TEXT}}}}
    whole = one({"$ref": "base.json", "properties": {"a": {"required": ["x"]}}}, base=base)
    assert value_at(whole, ("properties", "a", "properties")) == {"x": TEXT}


def test_object_of_several_forms_has_the_fields_of_all() -> None:
    whole = one(
        {
            "type": "object",
            "properties": {"source": {"enum": ["a", "b"]}},
            "allOf": [
                {"if": {"properties": {"source": {"const": "a"}}}, "then": {"$ref": "a.json"}},
                {"if": {"properties": {"source": {"const": "b"}}}, "then": {"$ref": "b.json"}},
            ],
            "anyOf": [{"required": ["min"]}, {"required": ["max"]}],
        },
        a={"properties": {"source": {"const": "a"}, "min": {"type": "number"}}},
        b={"properties": {"source": {"const": "b"}, "max": {"type": "number"}}},
    )
    assert whole == {
        "type": "object",
        "properties": {"source": TEXT, "min": {"type": "number"}, "max": {"type": "number"}},
    }


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({"type": ["string", "null"]}, {}),
        ({"type": ["array", "null"], "items": TEXT}, {"type": "array", "items": TEXT}),
        ({"type": ["integer", "number"]}, {"type": "number"}),
        ({"type": ["integer", "string"]}, {}),
        ({"enum": [1, 2]}, {"type": "number"}),
        ({"enum": [1, "x"]}, {}),
        ({"const": True}, {"type": "boolean"}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        (
            {"type": "object", "additionalProperties": TEXT, "propertyNames": {"pattern": "^a"}},
            {"type": "object", "additionalProperties": TEXT},
        ),
        (
            {"type": "object", "additionalProperties": False, "properties": {"a": TEXT}},
            {"type": "object", "properties": {"a": TEXT}},
        ),
        (True, {}),
    ],
)
def test_types(schema: Json, types: Json) -> None:
    assert one({"properties": {"a": schema}})["properties"]["a"] == types


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("#", "refer to themselves"),
        ("one.json", "refer to themselves"),
        ("two.json", "refer to themselves"),
        ("three.json", "there is no schema"),
        ("two.json#/$defs/x", "there is no schema"),
    ],
)
def test_a_circular_or_dangling_reference_is_an_error(reference: str, said: str) -> None:
    with pytest.raises(LockstepError, match=said) as caught:
        one({"properties": {"a": {"$ref": reference}}}, two={"$ref": "one.json"})
    assert caught.value.where == "policies/schemas/one.json"


def leaves(schema: Json) -> list[Json]:
    inside = [*schema.get("properties", {}).values(), schema.get("items", {})]
    return [schema, *(leaf for inner in inside if inner for leaf in leaves(inner))]


def test_input_schemas_have_only_keywords_that_opa_reads(files: SchemaFiles) -> None:
    schemas = input_schemas(files)
    assert schemas.keys() == {"cluster", "family", "environment"}
    for leaf in (leaf for schema in schemas.values() for leaf in leaves(schema)):
        assert leaf.keys() <= {"type", "properties", "items", "additionalProperties"}
        assert not {"properties", "additionalProperties"} <= leaf.keys()
        assert isinstance(leaf.get("type", ""), str)


MISSPELT = [
    ("cluster", "input.new.spec.regoin"),
    ("cluster", "input.old.spec.variants[_].wieght"),
    ("cluster", "input.new.spec.serving.hpa.maxReplica"),
    ("cluster", "input.family.spec.gates[_].mim"),
    ("cluster", "input.family.spec.defaults"),
    ("cluster", "input.quarantine[_].dgest"),
    ("cluster", "input.rollout.phse"),
    ("cluster", "input.freezes[_].til"),
    ("cluster", "input.environment.spec.regions[_].nam"),
    ("cluster", "input.time.tomorrow"),
    ("cluster", "input.clusters"),
    ("family", "input.clusters[_].new.spec.hots"),
    ("family", "input.removed[_].new"),
    ("family", "input.new"),
    ("environment", "input.clusters[_].spec.traffic"),
    ("environment", "input.families[_].tenat"),
    ("environment", "input.family"),
]
RIGHT = [
    ("cluster", "input.rendered.Deployment[_].spec.template.spec"),
    ("cluster", 'input.locks["42"].facts.metrics[_].value == null'),
    ("cluster", 'input.family.spec.gates[_].segment == "vip"'),
    ("cluster", "is_null(input.old)"),
    ("cluster", "input.new.spec.experiments.arm.ceiling > 1"),
    ("family", "input.clusters[_].old.spec.privacy.retention"),
    ("family", "is_null(input.family_before)"),
    ("environment", "input.clusters[_].spec.cost.monthly + 1"),
    ("environment", "input.environment.spec.tenants[_].budget > 1"),
]


def compiles(files: SchemaFiles, folder: Path, scope: str, expression: str) -> bool:
    (folder / "schemas").mkdir()
    for name, schema in input_schemas(files).items():
        (folder / "schemas" / f"{name}.json").write_text(json.dumps(schema))
    text = f"# METADATA\n# schemas:\n#   - input: schema.{scope}\npackage x\n\na if {expression}\n"
    (folder / "x.rego").write_text(text)
    command = [str(opa_program()), "check", "--strict", f"--schema={folder}/schemas"]
    return run([*command, str(folder / "x.rego")]).returncode == 0


@pytest.mark.parametrize(("scope", "expression"), MISSPELT)
def test_a_misspelt_field_in_a_rule_does_not_compile(
    files: SchemaFiles, tmp_path: Path, scope: str, expression: str
) -> None:
    assert not compiles(files, tmp_path, scope, expression)


@pytest.mark.parametrize(("scope", "expression"), RIGHT)
def test_an_existing_field_compiles(
    files: SchemaFiles, tmp_path: Path, scope: str, expression: str
) -> None:
    assert compiles(files, tmp_path, scope, expression)

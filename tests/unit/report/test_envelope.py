"""The one shape of the JSON of all verbs, and the schemas that define it."""

import re
from typing import Any

import jsonschema_rs
import pytest

from lockstep.cli.reference import verbs
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError, NothingToCheck, UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.report.envelope import SHARED, Envelope, failure, schemas, validator

NAMES = [name for name, _ in verbs()]
FINDING = "a.yaml"


def shown(verb: str = "doctor", **fields: Any) -> Json:
    summary = {"missing": 0, "doubtful": 0}
    return {**Envelope(verb, ExitCode.CLEAN, summary).to_data(), **fields}


def test_every_verb_has_a_schema_and_no_other_has() -> None:
    files = {f"{name.replace(' ', '-')}.json": name for name in NAMES}
    assert set(schemas()) == {*files, SHARED}
    for file, name in files.items():
        schema = schemas()[file]
        jsonschema_rs.meta.validate(schema)
        assert schema["properties"]["verb"] == {"const": name}


def subschemas(schema: Any) -> list[Any]:
    below = schema.values() if isinstance(schema, dict) else schema
    inside = [e for each in below if isinstance(each, dict | list) for e in subschemas(each)]
    return [schema, *inside] if isinstance(schema, dict) else inside


def test_every_object_with_fields_is_closed_and_its_keys_are_camel_case() -> None:
    for file, schema in schemas().items():
        for each in subschemas(schema):
            fields = each.get("properties")
            # An object that only adds a condition to one that is closed has no type.
            if isinstance(fields, dict) and each.get("type") == "object":
                assert each.get("additionalProperties") is False, (file, list(fields))
                assert all(re.fullmatch(r"[a-z][A-Za-z]*", name) for name in fields), file


@pytest.mark.parametrize("verb", NAMES)
@pytest.mark.parametrize("error", [LockstepError("it broke"), UsageError("a -- b", fix="c")])
def test_a_run_that_an_error_ended_has_the_shape_of_its_verb(
    verb: str, error: LockstepError
) -> None:
    data = failure(verb, error).to_data()
    validator(verb).validate(data)
    assert (data["schemaVersion"], data["verb"], data["exitCode"]) == (1, verb, error.exit_code)
    [finding] = data["findings"]
    assert (finding["message"], finding["fix"]) == (error.message, error.fix)
    assert data["summary"]["errors"] == 1


def test_a_run_that_went_well_needs_its_summary() -> None:
    assert validator("doctor").is_valid(shown())
    assert not validator("doctor").is_valid(shown(summary=failure("x", NothingToCheck("")).summary))
    assert not validator("doctor").is_valid(shown(verb="status"))
    assert not validator("doctor").is_valid(shown(exitCode=12))
    assert not validator("doctor").is_valid(shown(schemaVersion=2))


def test_a_reader_of_what_a_later_version_wrote_accepts_its_fields() -> None:
    later = shown(more=1)
    assert not validator("doctor").is_valid(later)
    assert validator("doctor", closed=False).is_valid(later)
    assert not validator("doctor", closed=False).is_valid(shown(items=1))

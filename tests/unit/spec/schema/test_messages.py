"""Messages: what a person reads for each way in which a value can be wrong."""

import pytest

from lockstep.model.document import Json
from lockstep.spec.schema.load import BASE, compile_slow
from lockstep.spec.schema.messages import Problem, explain
from lockstep.text.phrases import brief, closest, describe_value, field_path


def problems(schema: Json, value: Json) -> list[Problem]:
    return explain(compile_slow("one.json", {"one.json": schema}).iter_errors(value))


def only(schema: Json, value: Json) -> tuple[str, str]:
    (problem,) = problems(schema, value)
    return problem.says, problem.fix


NOTHING_KNOWN = {"additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "value", "refused"),
    [
        ({"properties": {"spec": NOTHING_KNOWN}}, {"spec": {"failover": "a"}}, True),
        ({"properties": {"spec": NOTHING_KNOWN}}, {"spec": {"failover": None}}, True),
        ({"properties": {"spec": {"properties": {"defaults": NOTHING_KNOWN}}}},
         {"spec": {"defaults": {"failover": "a"}}}, True),
        ({"properties": {"spec": {"properties": {"traffic": NOTHING_KNOWN}}}},
         {"spec": {"traffic": {"failover": {"to": "a"}}}}, True),
        (NOTHING_KNOWN, {"failover": "a"}, False),
    ],
)  # fmt: skip
def test_a_field_that_would_do_nothing_is_refused_with_the_reason(
    schema: Json, value: Json, refused: bool
) -> None:
    (problem,) = problems(schema, value)
    assert (problem.rule == "schema.refused-field") is refused
    assert ("so the field would do nothing" in problem.says) is refused
    assert problem.at_key


def test_the_value_of_a_wrong_key_is_not_compared() -> None:
    schema = {"propertyNames": {"pattern": "^a"}, "additionalProperties": {"type": "string"}}
    (problem,) = problems(schema, {"b": 1})
    assert (problem.rule, problem.pointer) == ("schema.key", ("b",))
    assert problems(schema, {"a": 1})[0].rule == "schema.type"


def test_names_of_schemas_are_names_only() -> None:
    assert BASE.endswith("/")


@pytest.mark.parametrize(
    ("schema", "value", "says", "fix"),
    [
        (
            {"type": "string"}, 42,
            "is the number 42; it must be text", 'write it in quotes: "42"',
        ),
        (
            {"type": "string"}, True,
            "is the value true; it must be text", 'write it in quotes: "true"',
        ),
        (
            {"type": "string", "enum": ["1.32", "1.33"]}, 1.33,
            "is the number 1.33; it must be text", 'write it in quotes: "1.33"',
        ),
        (
            {"type": "integer"}, "3",
            "is the text '3'; it must be a whole number", "write it without quotes: 3",
        ),
        (
            {"type": "integer"}, "3.5",
            "is the text '3.5'; it must be a whole number", "write a whole number",
        ),
        (
            {"type": "number"}, "3.5",
            "is the text '3.5'; it must be a number", "write it without quotes: 3.5",
        ),
        (
            {"type": "boolean"}, "true",
            "is the text 'true'; it must be true or false", "write it without quotes: true",
        ),
        (
            {"type": "boolean"}, 1,
            "is the number 1; it must be true or false", "write true or false",
        ),
        (
            {"type": "array"}, "EU",
            "is the text 'EU'; it must be a list", "write it as a list: [EU]",
        ),
        (
            {"type": "string"}, None,
            "is empty; it must be text", "give it a value, or remove the line",
        ),
        (
            {"type": "object", "properties": {"b": {}, "a": {}}}, [],
            "is a list; it must be a mapping", "write the fields of it below: a and b",
        ),
        (
            {"type": "string", "pattern": "^[0-9]+m$", "description": "Minutes."}, 5,
            "is the number 5; it must be text", "expected: minutes",
        ),
        (
            {"enum": ["revert", "hold"]}, "rever",
            "is 'rever'; it must be revert or hold", "write revert or hold; did you mean revert?",
        ),
        (
            {"enum": ["1.30", "1.31"]}, 1.31,
            "is the number 1.31", 'write it in quotes: "1.31"',
        ),
        (
            {"enum": ["1.30", "1.31"]}, 1.3,
            "is the number 1.3", "write 1.30 or 1.31",
        ),
        (
            {"const": "x"}, "y",
            "is the text 'y'; it must be x", "write x",
        ),
        (
            {"pattern": "^a$", "title": "an a", "description": "The letter.", "examples": ["a"]},
            "b", "is 'b', which is not an a", "expected: the letter, like a",
        ),
        (
            {"minLength": 1, "title": "a name", "description": "Letters."}, "",
            "is empty; it must be a name", "expected: letters",
        ),
        (
            {"maxLength": 2, "description": "Two letters."}, "abc",
            "has 3 characters; at most 2 are allowed", "expected: two letters",
        ),
        (
            {"minimum": 0, "maximum": 9}, 10,
            "is 10; it must be from 0 to 9", "write a number from 0 to 9",
        ),
        (
            {"minimum": 0}, -1, "is -1; it must be 0 or more", "write a number 0 or more",
        ),
        (
            {"exclusiveMinimum": 0.5, "exclusiveMaximum": 1}, 1,
            "is 1; it must be above 0.5 and below 1", "write a number above 0.5 and below 1",
        ),
        (
            {"minItems": 1}, [],
            "has no entries; it needs at least 1", "write at least 1 entry",
        ),
        (
            {"maxItems": 1}, [1, 2],
            "has 2 entries; at most 1 is allowed", "write at most 1 entry",
        ),
        (
            {"anyOf": [{"required": ["min"]}, {"required": ["max"]}]}, {},
            "needs min or max", "add min or max",
        ),
        (
            {"properties": {"minSamples": {}}, "anyOf": [{"required": ["min"]}]}, {"minSamples": 7},
            "needs min", "add min",
        ),
        (
                {"not": {}}, 1, "is not allowed here", "remove it",
        ),
    ],
)  # fmt: skip
def test_message(schema: Json, value: Json, says: str, fix: str) -> None:
    assert only(schema, value) == (says, fix)


CLOSED: Json = {
    "type": "object",
    "additionalProperties": False,
    "required": ["host"],
    "properties": {"host": {}, "port": {}},
}


def test_value_that_two_keywords_reject_is_one_problem() -> None:
    schema = {"maxLength": 2, "pattern": "^a*$", "title": "some a"}
    assert len(problems(schema, "bbb")) == 1


def test_misspelt_required_field_is_one_problem() -> None:
    (problem,) = problems(CLOSED, {"hots": 1})
    assert (problem.pointer, problem.at_key) == (("hots",), True)
    assert problem.says == "is not a known field; did you mean host?"


def test_case_of_a_field_matters_and_is_corrected() -> None:
    assert only(CLOSED, {"Host": 1})[1] == "write host if that is meant, or remove the field"


def test_field_that_resembles_one_already_given_may_stand_there_by_default() -> None:
    says, fix = only(CLOSED, {"host": 1, "hosts": 1})
    assert says == "is not a known field; did you mean host?"
    assert fix == "write host if that is meant, or remove the field"


def test_each_unknown_and_missing_field_is_a_problem() -> None:
    found = problems(CLOSED, {"zone": 1, "area": 1})
    assert sorted((p.rule, p.field) for p in found) == [
        ("schema.missing-field", ("host",)),
        ("schema.unknown-field", ("area",)),
        ("schema.unknown-field", ("zone",)),
    ]


def test_field_that_another_one_needs() -> None:
    (problem,) = problems({"dependentRequired": {"wave": ["step"]}}, {"wave": 1})
    assert (problem.missing, problem.says) == ("step", "is missing, and wave needs it")


def test_bad_key_is_at_the_key() -> None:
    schema = {"propertyNames": {"pattern": "^[a-z]$", "title": "a letter"}}
    (problem,) = problems(schema, {"1": 0})
    assert (problem.pointer, problem.at_key) == (("1",), True)
    assert problem.says == "has a name that is not a letter"


def test_repeated_item_is_at_its_second_place() -> None:
    found = problems({"uniqueItems": True}, ["a", {"b": 1}, "a", {"b": 1}])
    assert [p.pointer for p in found] == [(2,), (3,)]


def test_many_items_are_compared_without_quadratic_time() -> None:
    items = [{"item": number} for number in range(20_000)]
    assert problems({"uniqueItems": True}, items) == []


def test_choice_between_larger_forms_is_one_problem() -> None:
    schema = {"anyOf": [{"type": "object", "required": ["a"]}, {"type": "string"}]}
    assert len(problems(schema, 3)) == 1


def test_gate_style_choice_with_a_misspelt_field_is_one_problem() -> None:
    schema: Json = CLOSED | {
        "required": [],
        "anyOf": [{"required": ["host"]}, {"required": ["port"]}],
    }
    assert [p.rule for p in problems(schema, {"prot": 1})] == ["schema.unknown-field"]


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        ((), "the file"),
        (("spec", "variants", 0, "weight"), "spec.variants[0].weight"),
        (("spec", "nvidia.com/gpu"), "spec['nvidia.com/gpu']"),
        (("a\x1b[2J",), r"['a\x1b[2J']"),
        (("x" * 100,), "['" + "x" * 57 + "...']"),
    ],
)
def test_field_path(pointer: tuple[str | int, ...], text: str) -> None:
    assert field_path(pointer) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\nb\x1b[31m\u202e", r"'a\nb\x1b[31m\u202e'"),
        ("Müller", "'Müller'"),
        ("https://bot:hunter2@git.example.com/x", "'https://***@git.example.com/x'"),
        ("y" * 10_000, "'" + "y" * 57 + "...'"),
        (10**100, "1" + "0" * 56 + "..."),
        ({}, "a mapping"),
    ],
)
def test_values_in_messages_are_short_and_harmless(value: Json, text: str) -> None:
    assert brief(value) == text


def test_credentials_cut_by_the_limit_do_not_show() -> None:
    assert "hunter2" not in brief("x" * 45 + "://bot:hunter2" + "z" * 2000 + "@host")


def test_words_for_values() -> None:
    values: list[Json] = [None, False, [], {}]
    assert [describe_value(value) for value in values] == [
        "empty", "the value false", "a list", "a mapping",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "known", "right"),
    [
        ("mni", ["max", "min"], "min"),
        ("minimum", ["max", "min", "metric"], "min"),
        ("prod", ["production", "staging"], "production"),
        ("max_replicas", ["maxReplicas", "replicas"], "maxReplicas"),
        ("burnrate", ["burn-rate", "cost"], "burn-rate"),
        ("us_east_1", ["eu-west-1", "us-east-1"], "us-east-1"),
        ("eu", ["eu-west-1", "us-east-1"], ""),
        ("eu-west", ["eu-west-1", "eu-west-2", "us-east-1"], ""),
        ("eu-west", ["eu-west-1", "us-east-1"], "eu-west-1"),
        ("", ["a"], ""),
        ("x", [], ""),
    ],
)
def test_closest_word(word: str, known: list[str], right: str) -> None:
    assert closest(word, known) == right


def test_opposite_of_a_value_is_no_likeness() -> None:
    says, fix = only({"enum": ["offline", "live"]}, "online")
    assert (says, fix) == ("is 'online'; it must be offline or live", "write offline or live")


def test_misspelt_field_of_an_open_mapping_is_one_problem() -> None:
    schema = {"required": ["source"], "properties": {"name": {}}}
    (problem,) = problems(schema, {"name": 1, "sorce": 1})
    assert (problem.pointer, problem.says) == (
        ("sorce",), "is not a known field; did you mean source?",
    )  # fmt: skip


def test_too_many_fields_are_named() -> None:
    schema = {"maxProperties": 1, "properties": {"b": {}, "a": {}}}
    assert only(schema, {"a": 1, "b": 1}) == (
        "has 2 fields; at most 1 is allowed", "write at most 1 field: a or b",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "value", "says", "fix"),
    [
        (
            {"type": "boolean"}, "True",
            "is the text 'True'; it must be true or false", "write true",
        ),
        (
            {"type": "integer", "minimum": 0, "maximum": 100}, "10%",
            "is the text '10%'; it must be a whole number", "write a whole number from 0 to 100",
        ),
        (
            {"type": "integer", "minimum": 0, "maximum": 100}, 0.5,
            "is the number 0.5; it must be a whole number", "write a whole number from 0 to 100",
        ),
        (
            {"type": "array"}, {},
            "is a mapping; it must be a list", 'write a list: begin each item with "- "',
        ),
        (
            {"type": "string", "pattern": "^[0-9]+m$", "maxLength": 4, "title": "a length of time",
             "description": "Minutes."}, "10M",
            "is '10M', which is not a length of time", "did you mean 10m? expected: minutes",
        ),
        (
            {"type": "string", "pattern": "^[a-z]+$", "maxLength": 4, "title": "a name",
             "description": "Letters."}, "a" * 70,
            "has 70 characters; at most 4 are allowed", "expected: letters",
        ),
    ],
)  # fmt: skip
def test_message_with_a_suggestion(schema: Json, value: Json, says: str, fix: str) -> None:
    assert only(schema, value) == (says, fix)


def test_thousands_of_mistakes_are_reported_in_part() -> None:
    assert len(problems(CLOSED, {f"field{n}": 1 for n in range(20_000)})) == 500


def test_closest_word_is_bounded_and_needs_likeness() -> None:
    assert closest("stabel", ["stable", "candidate"]) == "stable"
    assert closest("zebra", ["stable", "candidate"]) == ""
    assert closest("a" * 71, ["a" * 70]) == "", "difflib takes quadratic time"
    assert closest(3, ["stable"]) == ""

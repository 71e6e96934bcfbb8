"""Signatures: every name, type, default and ``required`` as the model has it, or a refusal."""

import json
import subprocess
import sys
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.model.document import Json
from lockstep.registry import limits
from lockstep.registry.limits import Unlockable
from lockstep.registry.mlflow.signature import read_signature
from lockstep.spec.lock import build_lock, write_lock
from lockstep.spec.yaml.load import load_yaml


def described(**sides: Any) -> bytes:
    """A file MLmodel as MLflow writes it, with these parts of a signature."""
    texts = {k: v if isinstance(v, str | None) else json.dumps(v) for k, v in sides.items()}
    return yaml.safe_dump({"flavors": {"python_function": {}}, "signature": texts}).encode()


def read(**sides: Any) -> Json:
    return read_signature(described(**sides), "here")


def read_inputs(*columns: Any) -> Json:
    return read(inputs=list(columns))["inputs"]


def read_type(**declared: Any) -> Json:
    return read_inputs({"name": "x", "required": True, **declared})[0]["type"]


def test_a_model_without_a_signature() -> None:
    for text in (b"", b"- 1", b"x: 1", b"signature:", b"signature: null", b"7"):
        assert read_signature(text, "here") is None


def test_parts_that_are_not_declared_are_empty() -> None:
    nothing: Json = {"inputs": [], "outputs": [], "params": []}
    assert read() == nothing
    assert read(inputs=None, outputs="", params=[]) == nothing


WRITE = """
import numpy
from mlflow.models import ModelSignature
from mlflow.types import schema as m
import yaml
card = m.Object([m.Property("id", "long"), m.Property("tag", "string", required=False)])
inputs = m.Schema([
    m.ColSpec("double", "amount"),
    m.ColSpec("string", " device ", required=False),
    m.ColSpec(m.Array("long"), "history"),
    m.ColSpec(m.Map("double"), "scores", required=False),
    m.ColSpec(m.AnyType(), "anything", required=False),
    m.ColSpec(m.SparkMLVector(), "vector"),
    m.ColSpec(card, "card"),
])
outputs = m.Schema([m.TensorSpec(numpy.dtype("float32"), (-1, 2))])
params = m.ParamSchema([
    m.ParamSpec("threshold", "double", 0.5), m.ParamSpec("ids", "long", [1, 2], (-1,))
])
print(yaml.safe_dump({"signature": ModelSignature(inputs, outputs, params).to_dict()}))
"""


def test_what_mlflow_itself_writes_is_read_whole() -> None:
    # In a process of its own: here MLflow may have been imported without pandas.
    text = subprocess.run([sys.executable, "-c", WRITE], check=True, capture_output=True).stdout
    card = {
        "properties": {
            "id": {"required": True, "type": "long"},
            "tag": {"required": False, "type": "string"},
        },
        "type": "object",
    }
    assert read_signature(text, "here") == {
        "inputs": [
            {"name": "amount", "type": "double", "required": True},
            {"name": " device ", "type": "string", "required": False},
            {
                "name": "history",
                "type": '{"items": {"type": "long"}, "type": "array"}',
                "required": True,
            },
            {
                "name": "scores",
                "type": '{"type": "map", "values": {"type": "double"}}',
                "required": False,
            },
            {"name": "anything", "type": "any", "required": False},
            {"name": "vector", "type": "sparkml_vector", "required": True},
            {"name": "card", "type": json.dumps(card), "required": True},
        ],
        "outputs": [{"name": None, "type": "tensor of float32, shape [-1, 2]", "required": True}],
        "params": [
            {"name": "threshold", "type": "double", "shape": None, "default": "0.5"},
            {"name": "ids", "type": "long", "shape": [-1], "default": "[1, 2]"},
        ],
    }


@pytest.mark.parametrize(
    ("declared", "required"),
    [
        ({"type": "long"}, True),
        ({"type": "long", "required": False}, False),
        ({"type": "long", "required": True}, True),
        ({"type": "long", "optional": True}, False),
        ({"type": "long", "optional": False}, True),
        ({"type": "long", "optional": True, "required": False}, False),
        ({"type": "tensor", "tensor-spec": {"dtype": "int8", "shape": [-1]}}, True),
        ({"type": "array", "items": {"type": "long"}}, False),
    ],
)
def test_required_is_what_mlflow_understands(declared: Json, required: bool) -> None:
    assert read_inputs({"name": "x", **declared})[0]["required"] is required


@pytest.mark.parametrize(
    "declared",
    [
        {"required": None},
        {"required": "false"},
        {"optional": 1},
        {"optional": True, "required": True},
    ],
)
def test_an_unclear_required_is_refused(declared: Json) -> None:
    with pytest.raises(Unlockable, match="whether a column in its inputs is required is unclear"):
        read_inputs({"name": "x", "type": "long", **declared})


@pytest.mark.parametrize(
    "name", ["yes", "1e3", "null", " x", "x ", "X", "\u00e9", "e\u0301", "", 0, -1]
)
def test_a_name_is_exact(name: str | int) -> None:
    (column,) = read_inputs({"name": name, "type": "long"})
    assert column["name"] == name and type(column["name"]) is type(name)


@pytest.mark.parametrize("name", [True, 1.5, [], {}, 2**53])
def test_what_is_not_a_name_is_refused(name: Json) -> None:
    with pytest.raises(Unlockable, match="a name in its inputs is "):
        read_inputs({"name": name, "type": "long"})


def test_a_type_that_says_more_than_its_name_is_kept_whole() -> None:
    assert read_type(type="decimal") == "decimal"
    assert read_type(type="long", unit="EUR") == '{"type": "long", "unit": "EUR"}'
    assert read_type(type="array") == '{"type": "array"}'
    assert read_type(type={"of": 1}) == '{"type": {"of": 1}}'
    assert read_type(type="tensor of x") == '{"type": "tensor of x"}'
    assert read_type() == "{}"
    odd = {"dtype": "int8", "shape": [-1], "layout": "C"}
    assert read_type(type="tensor", **{"tensor-spec": odd}) == json.dumps(
        {"tensor-spec": dict(sorted(odd.items())), "type": "tensor"}
    )


def test_a_parameter_of_the_first_mlflow_that_had_them() -> None:
    (param,) = read(params=[{"name": "p", "dtype": "long", "default": 1}])["params"]
    assert param == {"name": "p", "type": "long", "shape": None, "default": "1"}


def test_a_default_is_exact() -> None:
    for default in (None, 1, 1.0, "1", " x ", float("inf"), {"a": [1]}, 10**30):
        text = json.dumps(default)
        declared = {"name": "p", "type": "long", "default": default}
        assert read(params=[declared])["params"][0]["default"] == text


@pytest.mark.parametrize(
    "declared",
    [
        {"type": "long", "default": 1},
        {"name": 1, "type": "long", "default": 1},
        {"name": "p", "default": 1},
        {"name": "p", "type": "long"},
    ],
)
def test_half_a_parameter_is_refused(declared: Json) -> None:
    with pytest.raises(Unlockable, match="a parameter lacks a name, a type or a default"):
        read(params=[declared])


@pytest.mark.parametrize("shape", ["x", [1.5], [True], [2**60], [1] * 101, {}])
def test_an_odd_shape_is_refused(shape: Json) -> None:
    with pytest.raises(Unlockable, match="the shape of the parameter 'p' is "):
        read(params=[{"name": "p", "type": "long", "default": 1, "shape": shape}])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 30_000, "MLmodel is nested deeper than 40 levels"),
        ("\t: :", "MLmodel is not valid YAML"),
        ("\x00", "MLmodel is not valid YAML"),
        ("a: *x", "MLmodel is not valid YAML"),
        ("signature: [1]", "it is not a mapping"),
        ("signature: {inputs: [1]}", "its inputs are not JSON in a text"),
        ("signature: {outputs: 7}", "its outputs are not JSON in a text"),
        ("signature: {params: nonsense}", "its params are not valid JSON"),
        ("signature: {inputs: '7'}", "its inputs are not a list of declarations"),
        ("signature: {inputs: '[1, 2]'}", "its inputs are not a list of declarations"),
        ("signature: {inputs: '" + "[" * 5000 + "'}", "its inputs are not valid JSON"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, why: str) -> None:
    with pytest.raises(Unlockable) as caught:
        read_signature(text.encode(), "here")
    assert caught.value.message.startswith(f"the signature of the model cannot be read: {why}")
    assert len(caught.value.message) < 300 and "\n" not in caught.value.message


def test_a_value_that_comes_twice_in_the_file_hides_no_signature() -> None:
    shared = ["pip"]
    parts = {"a": shared, "b": shared, "signature": {"inputs": '[{"type": "long", "name": "x"}]'}}
    text = yaml.safe_dump(parts)
    assert "&id001" in text
    assert read_signature(text.encode(), "here")["inputs"][0]["name"] == "x"


def test_aliases_are_not_multiplied() -> None:
    lines = [
        "a0: &a0 [x]",
        *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 20)}]" for i in range(1, 20)),
    ]
    text = "\n".join([*lines, "signature: {inputs: '[]'}"])
    assert read_signature(text.encode(), "here") == {"inputs": [], "outputs": [], "params": []}


def test_the_last_of_two_signatures_counts_as_in_mlflow() -> None:
    text = 'signature: null\nsignature: {inputs: \'[{"type": "long"}]\'}'
    assert read_signature(text.encode(), "here")["inputs"] == [
        {"name": None, "type": "long", "required": True}
    ]


def columns(count: int) -> list[Json]:
    return [{"name": f"c{i}", "type": "double", "required": i % 2 == 0} for i in range(count)]


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_columns_are_never_cut(side: str) -> None:
    most = columns(limits.MOST_COLUMNS)
    assert read(**{side: most})[side] == most
    with pytest.raises(Unlockable) as caught:
        read(**{side: columns(limits.MOST_COLUMNS + 1)})
    assert caught.value.message == (
        f"the version has 5001 columns in {side} of its signature; at most 5000 are allowed"
    )


def test_parameters_are_never_cut() -> None:
    params = [
        {"name": f"p{i}", "type": "long", "default": 1} for i in range(limits.MOST_PARAMS + 1)
    ]
    assert len(read(params=params[1:])["params"]) == limits.MOST_PARAMS
    with pytest.raises(Unlockable, match="501 parameters in its signature; at most 500"):
        read(params=params)


def test_long_texts_are_refused_and_not_cut() -> None:
    long = "x" * (limits.LONGEST_TYPE + 1)
    for sides, what in (
        ({"inputs": [{"name": long, "type": "long"}]}, "a name in inputs"),
        ({"inputs": [{"name": "x", "type": long}]}, "a type in the signature"),
        ({"params": [{"name": long, "type": "long", "default": 1}]}, "the name of a parameter"),
        ({"params": [{"name": "p", "type": "long", "default": long}]}, "the default of the"),
    ):
        with pytest.raises(
            Unlockable, match=f"^{what}.* has [0-9]+ characters; at most [0-9]+ are"
        ):
            read(**sides)


def test_half_a_character_in_a_name_is_refused() -> None:
    with pytest.raises(Unlockable, match="a name in inputs is not valid Unicode"):
        read(inputs='[{"name": "\\ud800", "type": "long"}]')


names = st.one_of(
    st.none(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["yes", "1e3", "null", " x", "\u200b", "\u202e", "<<", "\r\n", "e\u0301"]),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
types = st.one_of(
    st.sampled_from(["long", "double", "string", "any", "newer", "not plain"]).map(
        lambda name: {"type": name}
    ),
    st.lists(st.integers(-1, 9), max_size=3).map(
        lambda shape: {"type": "tensor", "tensor-spec": {"dtype": "int8", "shape": shape}}
    ),
    st.dictionaries(st.text(), json_values, max_size=3).map(
        lambda properties: {"type": "object", "properties": properties}
    ),
)
column = st.builds(
    lambda name, kind, required: {"name": name, "required": required, **kind},
    names,
    types,
    st.booleans(),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(column, max_size=6), st.lists(column, max_size=3), json_values)
def test_any_signature_is_locked_and_read_back_exactly(
    inputs: list[Json], outputs: list[Json], default: Json
) -> None:
    params = [{"name": " p", "type": "long", "default": default}]
    found = read(inputs=inputs, outputs=outputs, params=params)
    for side, declared in (("inputs", inputs), ("outputs", outputs)):
        assert [(c["name"], c["required"]) for c in found[side]] == [
            (each["name"], each["required"]) for each in declared
        ]
    assert json.loads(found["params"][0]["default"]) == default
    lock = build_lock("prod", "fraud", {"identity": {}, "facts": {"signature": found}})
    document, findings = load_yaml("lock", write_lock(lock))
    assert findings == [] and document is not None
    assert document.value == lock


@given(types, types)
def test_types_are_told_apart(one: Json, other: Json) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (read_type(**one) == read_type(**other)) is same

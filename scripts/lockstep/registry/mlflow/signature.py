"""The signature of a model, whole and exact, from MLflow's file MLmodel.

MLflow's own classes would drop what they do not know, and reading them needs pandas. So the JSON
that they write is read here: ``mlflow.types.schema`` says what it means.
"""

import json
import re
from typing import Any, NoReturn, TypeGuard

import yaml

from lockstep.model.document import Json
from lockstep.registry.limits import (
    LARGEST_NUMBER,
    LONGEST_DEFAULT,
    LONGEST_NAME,
    LONGEST_TYPE,
    MOST_COLUMNS,
    MOST_DIMENSIONS,
    MOST_PARAMS,
    Unlockable,
    bounded,
    exact,
)
from lockstep.text.sanitise import plain_line

_DEEPEST_YAML = 40
_PLAIN_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NESTED = frozenset(("array", "object", "map", "tensor"))
"""Types whose name says nothing of what is in them."""
_OPTIONAL_UNLESS_SAID = frozenset(("array", "object", "map", "sparkml_vector", "any"))
_OF_A_PARAM = frozenset(("name", "default", "shape"))
_OF_A_COLUMN = frozenset(("name", "required", "optional"))
_RELOG = "log the model again with a signature, and register a new version"


def read_signature(description: bytes, server: str) -> Json:
    """``{inputs, outputs, params}`` of a file MLmodel; None where it declares no signature.

    Names, types and defaults are those of the model, in its order. Raises Unlockable for what
    cannot be read or exceeds a bound: a part of a signature would be compared as if it were all.
    """
    declared = _declared(description, server)
    if declared is None:
        return None
    sides = {side: _entries(declared, side, server) for side in ("inputs", "outputs", "params")}
    for side in ("inputs", "outputs"):
        fix = "log the model with fewer columns, for example with one tensor"
        bounded(sides[side], MOST_COLUMNS, f"columns in {side} of its signature", server, fix)
    fix = "log the model with fewer parameters"
    bounded(sides["params"], MOST_PARAMS, "parameters in its signature", server, fix)
    try:
        return {
            "inputs": [_column(item, "inputs", server) for item in sides["inputs"]],
            "outputs": [_column(item, "outputs", server) for item in sides["outputs"]],
            "params": [_param(item, server) for item in sides["params"]],
        }
    except RecursionError:
        _refuse("its types are nested too deeply", server)


def _declared(description: bytes, server: str) -> dict[str, str] | None:
    """The text of each part of the signature; None where the file has no signature.

    Only the nodes are read. So an alias, which YAML writers use for any value that comes twice,
    is never multiplied, whatever else the file holds.
    """
    node = _value(_root(description, server), "signature")
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return None
    if not isinstance(node, yaml.MappingNode):
        _refuse("it is not a mapping", server)
    found: dict[str, str] = {}
    for side in ("inputs", "outputs", "params"):
        part = _value(node, side)
        if part is None or part.tag == "tag:yaml.org,2002:null":
            continue
        if part.tag != "tag:yaml.org,2002:str":
            _refuse(f"its {side} are not JSON in a text", server)
        found[side] = part.value
    return found


def _root(description: bytes, server: str) -> yaml.Node | None:
    """The file's top node. PyYAML's composer recurses, and crashes the process on deep nesting, so
    the depth is counted on the event stream first.
    """
    depth = 0
    try:
        for event in yaml.parse(description, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST_YAML:
                _refuse(f"MLmodel is nested deeper than {_DEEPEST_YAML} levels", server)
        root: yaml.Node | None = yaml.compose(description, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError) as error:
        _refuse(f"MLmodel is not valid YAML: {plain_line(error, 200)}", server)
    return root


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """The value of a key of a mapping: of several the last, which is the one that MLflow reads."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    found: list[yaml.Node] = [value for name, value in pairs if name.value == key]
    return found[-1] if found else None


def _entries(declared: dict[str, str], side: str, server: str) -> list[dict[str, Any]]:
    """The columns or parameters of one part, which MLflow keeps as JSON in a text."""
    text = declared.get(side)
    if not text:  # as MLflow reads it
        return []
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        # Deep nesting, which a registry could send, is a RecursionError.
        _refuse(f"its {side} are not valid JSON ({type(error).__name__})", server)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        _refuse(f"its {side} are not a list of declarations", server)
    return items


def _column(item: dict[str, Any], side: str, server: str) -> Json:
    name = item.get("name")
    # pandas numbers columns that were not named, and a number is another name than its digits.
    if not (isinstance(name, str | None) or _is_whole(name)):
        _refuse(f"a name in its {side} is {plain_line(json.dumps(name), 60)}", server)
    return {
        "name": exact(name, LONGEST_NAME, f"a name in {side}", server)
        if isinstance(name, str)
        else name,
        "type": _type(item, _OF_A_COLUMN, server),
        "required": _is_required(item, side, server),
    }


def _is_required(item: dict[str, Any], side: str, server: str) -> bool:
    """MLflow 2.6 wrote ``optional``; since then it is ``required``."""
    said = [item["required"]] if "required" in item else []
    if "optional" in item:
        said.append(item["optional"] is False if _is_bool(item["optional"]) else None)
    if not all(map(_is_bool, said)) or len(set(said)) > 1:
        shown = plain_line(json.dumps(item, sort_keys=True), 100)
        _refuse(f"whether a column in its {side} is required is unclear: {shown}", server)
    # Where neither is written, MLflow requires a column of a plain type, and no other.
    return said[0] if said else item.get("type") not in _OPTIONAL_UNLESS_SAID


def _is_whole(value: object) -> bool:
    return type(value) is int and abs(value) <= LARGEST_NUMBER


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _type(item: dict[str, Any], others: frozenset[str], server: str) -> str:
    """The type by name where that says all; else the whole declaration, as canonical JSON.

    So a type that only a later MLflow knows is kept exactly, too.
    """
    rest = {key: value for key, value in item.items() if key not in others}
    kind, tensor = rest.get("type"), rest.get("tensor-spec")
    text = json.dumps(rest, sort_keys=True)
    if rest.keys() == {"type"} and isinstance(kind, str):
        if _PLAIN_TYPE.fullmatch(kind) and kind not in _NESTED:
            text = kind
    elif rest.keys() == {"type", "tensor-spec"} and kind == "tensor" and _is_plain(tensor):
        text = f"tensor of {tensor['dtype']}, shape {tensor['shape']}"
    return exact(text, LONGEST_TYPE, "a type in the signature", server)


def _is_plain(tensor: Any) -> TypeGuard[dict[str, Any]]:
    if not isinstance(tensor, dict) or tensor.keys() != {"dtype", "shape"}:
        return False
    dtype, shape = tensor["dtype"], tensor["shape"]
    return isinstance(dtype, str) and bool(_PLAIN_TYPE.fullmatch(dtype)) and _is_shape(shape)


def _is_shape(shape: object) -> bool:
    if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
        return False
    return all(_is_whole(size) for size in shape)


def _param(item: dict[str, Any], server: str) -> Json:
    # The first MLflow with parameters wrote dtype.
    if "dtype" in item and "type" not in item:
        item = {"type": item["dtype"]} | {k: v for k, v in item.items() if k != "dtype"}
    name, shape = item.get("name"), item.get("shape")
    if not isinstance(name, str) or "type" not in item or "default" not in item:
        shown = plain_line(json.dumps(item, sort_keys=True), 100)
        _refuse(f"a parameter lacks a name, a type or a default: {shown}", server)
    if shape is not None and not _is_shape(shape):
        shown = plain_line(json.dumps(shape), 60)
        _refuse(f"the shape of the parameter {plain_line(name, 60)!r} is {shown}", server)
    what = f"the default of the parameter {plain_line(name, 60)!r}"
    return {
        "name": exact(name, LONGEST_NAME, "the name of a parameter", server),
        "type": _type(item, _OF_A_PARAM, server),
        "shape": shape,
        "default": exact(json.dumps(item["default"]), LONGEST_DEFAULT, what, server),
    }


def _refuse(why: str, server: str) -> NoReturn:
    raise Unlockable(f"the signature of the model cannot be read: {why}", where=server, fix=_RELOG)

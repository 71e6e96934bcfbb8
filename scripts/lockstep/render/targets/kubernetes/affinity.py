"""Conditions of labels and taints that the API refuses, or that no node could ever meet.

Their fields are in the schema; here is what one field says of another.
"""

import re
from collections.abc import Iterator

from lockstep.model.document import Json, Pointer
from lockstep.render.fields import Fields

_AFFINITY = ("spec", "serving", "affinity")
_TOLERATIONS = ("spec", "serving", "tolerations")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


def require_conditions(fields: Fields) -> None:
    """Refuses conditions of an affinity whose values do not fit their operator.

    Raises Unrenderable.
    """
    if not fields.has(*_AFFINITY):
        return
    for here, condition in _conditions(fields.plain(*_AFFINITY), _AFFINITY):
        wrong = _mistake(condition["operator"], condition.get("values"))
        if wrong:
            message, fix = wrong
            fields.fail((*here, "values"), "render.input", message, fix)


def _conditions(value: Json, here: Pointer) -> Iterator[tuple[Pointer, Json]]:
    """Each mapping with an operator, at any depth."""
    if isinstance(value, dict) and "operator" in value:
        yield here, value
    elif isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in items:
            yield from _conditions(each, (*here, key))


def _mistake(operator: Json, values: Json) -> tuple[str, str] | None:
    """What is wrong with the values of a condition and what to do; None where nothing is."""
    if operator in ("In", "NotIn"):
        message = f"{operator} compares a label with values, and there are none"
        return None if values else (message, "add values, or write Exists or DoesNotExist")
    if operator in ("Exists", "DoesNotExist"):
        message = f"{operator} asks only whether there is the label, whatever its value"
        return (message, "remove values, or write In or NotIn") if values else None
    numbers = isinstance(values, list) and len(values) == 1 and _NUMBER.fullmatch(str(values[0]))
    message = f"{operator} compares a label with one whole number"
    return None if numbers else (message, 'write one number in quotes, such as values: ["8"]')


def require_tolerations(fields: Fields) -> None:
    """Refuses tolerations of which one field contradicts another. Raises Unrenderable."""
    if not fields.has(*_TOLERATIONS):
        return
    for index, _ in enumerate(fields.items(*_TOLERATIONS)):
        here = (*_TOLERATIONS, index)
        toleration = fields.mapping(*here)
        if toleration.get("operator") == "Exists" and toleration.get("value"):
            fields.fail(
                (*here, "value"), "render.input",
                "Exists tolerates a taint whatever its value, and this toleration has a value",
                "remove the value, or write operator: Equal",
            )  # fmt: skip
        if "tolerationSeconds" in toleration and toleration.get("effect") != "NoExecute":
            fields.fail(
                (*here, "tolerationSeconds"), "render.input",
                "only a taint with effect NoExecute ends pods, so only there a time counts",
                "write effect: NoExecute, or remove tolerationSeconds",
            )  # fmt: skip

"""Texts of PromQL: what specs write in them, and how values get into them."""

import re
from collections.abc import Mapping
from functools import lru_cache

_PLACEHOLDER = re.compile(r"\{(region|cluster|environment|segment|namespace|workload|version)\}")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"(?!__name__$)[a-zA-Z_][a-zA-Z0-9_]*")
"""A metric has its name already: PromQL refuses to select it by a second one."""
# PromQL reads these as numbers and as parts of its operators, in any case, and never as a metric.
_WORDS = frozenset(["atan2", "bool", "group_left", "group_right", "ignoring", "inf", "nan", "on"])
_OPERATORS = ("=", "!=", "=~", "!~")


def filled(template: str, values: Mapping[str, str], *, quote: bool = True) -> str:
    """A text with its placeholders replaced: with ``quote``, escaped as in a string of PromQL.

    Other braces stay, because PromQL has its own. Raises ValueError for a placeholder without a
    value: an empty one would select something else.
    """

    def value(match: re.Match[str]) -> str:
        if not values[match[1]]:
            raise ValueError(f"{match[0]} is used, and there is no {match[1]} here")
        return escaped(values[match[1]]) if quote else values[match[1]]

    return _PLACEHOLDER.sub(value, template)


def names_version(template: str) -> bool:
    """Whether a text differs between candidate and stable version."""
    return "{workload}" in template or "{version}" in template


def selector(metric: str, exact: Mapping[str, str], patterns: Mapping[str, str]) -> str:
    """A selector of a metric's series: labels that are equal, and labels that match a pattern.

    Raises ValueError for names that PromQL does not know.
    """
    if not _METRIC.fullmatch(metric) or metric.lower() in _WORDS:
        raise ValueError(f"{metric!r} is not the name of a metric")
    parts = [label_matcher(label, value) for label, value in exact.items()]
    parts += [label_matcher(label, value, "=~") for label, value in patterns.items()]
    return f"{metric}{{{','.join(parts)}}}"


# Cached: the expressions of one cluster have the same few labels.
@lru_cache(maxsize=4096)
def label_matcher(label: str, value: str, operator: str = "=") -> str:
    """``label="value"``, the value escaped: it stays one text, whatever it holds.

    ``operator`` is one of PromQL's four. Raises ValueError for a name that PromQL does not know.
    """
    if not _LABEL.fullmatch(label):
        raise ValueError(f"{label!r} is not the name of a label")
    if operator not in _OPERATORS:
        raise ValueError(f"{operator!r} does not compare labels")
    return f'{label}{operator}"{escaped(value)}"'


def one_of(values: list[str]) -> str:
    """A pattern (RE2) that matches exactly these values."""
    return "|".join(re.sub(r"[^A-Za-z0-9_-]", lambda found: "\\" + found[0], v) for v in values)


def escaped(value: str) -> str:
    """A value as it is written between double quotes in PromQL."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

"""What a plain YAML scalar means: YAML 1.2's core schema, and no guessing beyond it.

Parsers of YAML 1.1 read ``NO``, ``1:30``, ``012`` and ``2026-01-31`` as something that their
author did not write. Such a scalar is rejected, so that every reader sees the same value.
Source: https://yaml.org/spec/1.2.2/#103-core-schema
"""

import math
import re

_WORDS = {
    # Empty text is null, too: a key without a value.
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_YAML_1_1_BOOLEANS = {
    form
    for word in ("y", "n", "yes", "no", "on", "off")
    for form in (word, word.capitalize(), word.upper())
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NO_ZEROS = "as a number without leading zeros"
# What YAML 1.1 reads as other types: https://yaml.org/type/int.html, float.html, timestamp.html
_TRAPS = (
    (re.compile(r"[-+]?0[0-9_]+"), "an octal number to some readers", _NO_ZEROS),
    (
        re.compile(r"[-+]?0[0-9_]+(\.[0-9_]*)?([eE][-+]?[0-9]+)?"),
        "a number to some readers",
        _NO_ZEROS,
    ),
    (
        re.compile(r"[-+]?0(b[01_]+|o[0-7_]+|x[0-9a-fA-F_]+)"),
        "a number in another base to some readers",
        "as a decimal number",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"),
        "a base-60 number",
        "as a length of time such as 1h30m",
    ),
    (re.compile(r"\d{4}-\d\d?-\d\d?([Tt \t].*)?"), "a date to some readers", ""),
    (
        re.compile(r"[-+]?\.?[0-9][0-9.]*_[0-9_.]*([eE][-+]?[0-9]+)?"),
        "a number with underscores to some readers",
        "without the underscores",
    ),
)
_LONGEST_NUMBER = 25  # the longest form of a 64-bit float has 24 characters

Scalar = str | int | float | bool | None


class AmbiguousScalar(ValueError):
    """The scalar means different things to different readers; the text says what.

    ``instead`` is the other way to write it, without quotes, as a phrase; empty where only quotes
    help.
    """

    def __init__(self, meaning: str, instead: str = "") -> None:
        super().__init__(meaning)
        self.instead = instead


def resolve_plain(text: str) -> Scalar:
    """The value of an unquoted scalar. Raises AmbiguousScalar where readers would disagree."""
    if text in _WORDS:
        return _WORDS[text]
    if text in _YAML_1_1_BOOLEANS:
        word = "true" if text.lower() in ("y", "yes", "on") else "false"
        raise AmbiguousScalar("a boolean to some readers", f"as {word} for a boolean")
    # Most scalars end here, before any pattern: no number begins with another character.
    if text[0] not in "0123456789+-.":
        return text
    if _NOT_FINITE.fullmatch(text):
        raise AmbiguousScalar("not a finite number", "as a finite number")
    for pattern, meaning, instead in _TRAPS:
        if pattern.fullmatch(text):
            raise AmbiguousScalar(meaning, instead)
    return _number(text)


def _number(text: str) -> Scalar:
    integer = _INTEGER.fullmatch(text)
    if not integer and not _FLOAT.fullmatch(text):
        return text
    # Before int(), which raises for an integer of thousands of digits.
    if len(text) > _LONGEST_NUMBER:
        raise AmbiguousScalar("a number with more digits than readers keep", "with fewer digits")
    if integer:
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        raise AmbiguousScalar("a number larger than readers can represent")
    return number

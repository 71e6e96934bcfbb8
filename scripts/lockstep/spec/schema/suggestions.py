"""What was probably meant by a value that its schema refuses: another spelling that fits."""

import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from lockstep.model.document import Json
from lockstep.spec.yaml.scalars import AmbiguousScalar, resolve_plain
from lockstep.text.phrases import brief, closest

_LONGEST = 120
_TRUE = frozenset(("true", "yes", "y", "on", "1"))
_FALSE = frozenset(("false", "no", "n", "off", "0"))
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_DECIMAL_COMMA = re.compile(r"[-+]?(0|[0-9]+(?!,[0-9]{3}$)),[0-9]+")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
_PLAIN = re.compile(r"[A-Za-z0-9/](?:[A-Za-z0-9 ._/@+-]|:(?=[A-Za-z0-9/]))*(?<! )")
_SECONDS = {
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}
_UNITS = (("d", 86_400), ("m", 60), ("s", 1))
_BYTES = "kmgt"


def meant(value: Json, schema: Json) -> str:
    """How to write what was probably meant, ready to be pasted; empty where nothing fits.

    Only spellings that the schema's own keywords take are named.
    """
    if isinstance(value, str):
        if not value or len(value) > _LONGEST or brief(value[:58]) != repr(value[:58]):
            return ""  # empty, too long, hard to read, or with credentials
        for candidate in _spellings(value.strip(), schema):
            if candidate != value and _fits(candidate, schema):
                return written(candidate)
    return ""


def written(value: Json) -> str:
    """A value as YAML: text that YAML takes for something else is in quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    try:
        plain = isinstance(resolve_plain(value), str)
    except AmbiguousScalar:
        plain = False
    return value if plain and _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _spellings(text: str, schema: Json) -> Iterator[Json]:
    kinds = schema.get("type", "string")
    if "string" not in kinds:
        percent = "percent" in schema.get("description", "percent")  # 94% of a ratio is not 94
        yield from _no_text(text.removesuffix("%").strip() if percent else text, kinds)
        return
    allowed = [word for word in schema.get("enum", []) if isinstance(word, str)]
    if allowed:
        yield closest(text, allowed, likeness=0.8)
        return
    yield text
    yield from (text.lower(), text.upper())
    for spell in _SPELLINGS:
        yield from spell(text)
    pattern = str(schema.get("pattern", ""))
    if "/" in pattern:
        yield "".join(text.split())
    else:  # a host, behind which nothing stands
        yield re.sub(r"^([a-z]+://)?|(:[0-9]+)?(/.*)?$", "", text).lower()
    if pattern.startswith("^[a-z]") and text.isascii():
        yield _NOT_IN_NAMES.sub("-", text.lower()).strip("-")


def _no_text(text: str, kinds: Json) -> Iterator[Json]:
    if "boolean" in kinds and text.lower() in _TRUE | _FALSE:
        yield text.lower() in _TRUE
    decimal = _DECIMAL_COMMA.fullmatch(text)
    number = text.replace(",", "." if decimal else "").replace("_", "")
    if ("number" in kinds or "integer" in kinds) and _NUMBER.fullmatch(number):
        yield float(number) if "." in number else int(number)


def _as_digest(text: str) -> Iterator[str]:
    hexadecimal = re.sub(r"^sha-?256[-:=@ ]*", "", text.lower())
    if re.fullmatch(r"[0-9a-f]{64}", hexadecimal):
        yield f"sha256:{hexadecimal}"


def _as_length_of_time(text: str) -> Iterator[str]:
    """``90 minutes``, ``1.5h`` and ISO 8601's ``PT1H30M``, in the forms that schemas ask for."""
    iso = re.fullmatch(
        r"p(?:([0-9]+)d)?(?:t(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?)?", text.lower()
    )
    plain = (
        " ".join(f"{n}{u}" for n, u in zip(iso.groups(), "dhms", strict=True) if n) if iso else text
    )
    parts = _AMOUNT.findall(plain)
    left = _AMOUNT.sub("", plain).replace("and", "").strip(" ,+")
    if not parts or left or not all(unit.lower() in _SECONDS for _, unit in parts):
        return
    thousandths = round(sum(float(n) * _SECONDS[u.lower()] * 1000 for n, u in parts))
    seconds, rest = divmod(thousandths, 1000)
    if not rest:
        whole = [f"{n}{u}" for n, u in zip(_split(seconds), "dhms", strict=True) if n]
        yield "".join(whole)
        yield from (f"{seconds // unit}{name}" for name, unit in _UNITS if seconds % unit == 0)
    yield f"{thousandths}ms"


def _split(seconds: int) -> tuple[int, int, int, int]:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return hours // 24, hours % 24, minute, second


def _as_amount(text: str) -> Iterator[str]:
    """``1gb``, ``512 mib``, ``1.5Gi``, ``2 cores`` as Kubernetes writes amounts."""
    match = _AMOUNT.fullmatch(text)
    if not match:
        return
    number, unit = match[1], match[2].lower()
    if unit in ("core", "cores", "cpu", "cpus", "vcpu"):
        yield number
    if unit in ("m", "millicore", "millicores"):
        yield f"{number}m"
    power, binary = _BYTES.find(unit[:1]), unit[1:] in ("i", "ib")
    if unit and power >= 0 and (binary or unit[1:] in ("", "b")):
        names = ("Ki", "Mi", "Gi", "Ti") if binary else ("k", "M", "G", "T")
        yield f"{number}{names[power]}"
        smaller = float(number) * (1024 if binary else 1000)
        if power and smaller == math.floor(smaller):
            yield f"{smaller:.0f}{names[power - 1]}"


def _as_time(text: str) -> Iterator[str]:
    match = re.fullmatch(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(.*)", text)
    if not match:
        return
    day = f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}"
    yield day
    if not match[4].strip():
        return
    try:
        time = datetime.fromisoformat(day + match[4].replace("Z", "+00:00").rstrip())
        utc = time.astimezone(UTC) if time.tzinfo else time
    except (ValueError, OverflowError):
        return
    yield f"{utc:%Y-%m-%dT%H:%M:%SZ}"


def _as_address(text: str) -> Iterator[str]:
    bare = re.sub(r"^([a-z]+://|mailto:)", "", text)
    yield bare
    yield bare.rstrip("/").lower()
    yield f"/{text}"


_SPELLINGS: tuple[Callable[[str], Iterator[str]], ...] = (
    _as_digest, _as_length_of_time, _as_amount, _as_time, _as_address,
)  # fmt: skip


def _fits(value: Json, schema: Json) -> bool:
    """Whether a candidate is what the schema's keywords for one value ask for."""
    kinds = schema.get("type", "string")
    if isinstance(value, str):
        return bool(
            "string" in kinds
            and schema.get("minLength", 1) <= len(value) <= schema.get("maxLength", _LONGEST)
            and re.search(schema.get("pattern", ""), value)
            and value in schema.get("enum", [schema.get("const", value)])
        )
    if isinstance(value, bool):
        return "boolean" in kinds
    right = "number" in kinds or (isinstance(value, int) and "integer" in kinds)
    return bool(right and schema.get("minimum", value) <= value <= schema.get("maximum", value))

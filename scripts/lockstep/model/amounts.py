"""Amounts of memory and disk as Kubernetes writes them."""

import re

_AMOUNT = re.compile(r"([1-9][0-9]{0,8})(Ki|Mi|Gi|Ti|k|M|G|T)?")
_FACTORS = {"": 1} | {
    unit: base**power
    for base, units in ((1024, ("Ki", "Mi", "Gi", "Ti")), (1000, ("k", "M", "G", "T")))
    for power, unit in enumerate(units, start=1)
}


def parse_bytes(text: str) -> int:
    """The bytes of ``512Mi``, ``10G`` or ``1000``. Raises ValueError for anything else."""
    match = _AMOUNT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not an amount of bytes; write it like 512Mi or 10Gi")
    return int(match[1]) * _FACTORS[match[2] or ""]

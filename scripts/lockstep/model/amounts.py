"""Amounts of memory and disk as Kubernetes writes them."""

import re
from fractions import Fraction
from math import ceil

_AMOUNT = re.compile(r"([1-9][0-9]{0,8})(Ki|Mi|Gi|Ti|k|M|G|T)?")
_FACTORS = {
    "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip


def parse_bytes(text: str) -> int:
    """The bytes of ``512Mi``, ``10G`` or ``1000``. Raises ValueError for anything else."""
    match = _AMOUNT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not an amount of bytes; write it like 512Mi or 10Gi")
    return int(match[1]) * _FACTORS[match[2] or ""]


def amount_text(amount: int) -> str:
    """Bytes in the shortest form that Kubernetes writes: ``16Gi``, ``1536Mi``, ``10G``, ``7``."""
    for unit, factor in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if amount and amount % factor == 0:
            return f"{amount // factor}{unit}"
    for unit, factor in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if amount and amount % factor == 0:
            return f"{amount // factor}{unit}"
    return str(amount)


def cpu_text(cores: Fraction) -> str:
    """Cores as Kubernetes writes them: whole ones, or else thousandths: ``16``, ``500m``."""
    return str(cores.numerator) if cores.denominator == 1 else f"{ceil(cores * 1000)}m"

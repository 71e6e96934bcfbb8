"""A part of the work of a check: shard 2 of 4 checks its share of the families."""

import hashlib
import re
from dataclasses import dataclass

_SPEC = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class Shard:
    """``index`` counts from 1 to ``count``."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """``2/4`` as a shard. Raises ValueError for anything else."""
        match = _SPEC.fullmatch(text)
        if not match or int(match[1]) > int(match[2]):
            raise ValueError(f"{text[:40]!r} is not a shard")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def owns(self, key: str) -> bool:
        """Whether this shard checks what has this key: the same on every machine, on any day."""
        # Not hash(), which Python seeds anew in each process.
        # A path can hold bytes that are not UTF-8, hence surrogateescape.
        number = int.from_bytes(hashlib.sha256(key.encode(errors="surrogateescape")).digest()[:8])
        return number % self.count == self.index - 1


WHOLE = Shard()
"""The one shard that does everything."""

"""A part of the work of a check: shard 2 of 4 looks after the families that fall to it."""

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
        """Whether what has this key falls to the shard: the same on every machine, on any day."""
        number = int.from_bytes(hashlib.sha256(key.encode(errors="surrogateescape")).digest()[:8])
        return number % self.count == self.index - 1


WHOLE = Shard()
"""The one shard that does everything."""

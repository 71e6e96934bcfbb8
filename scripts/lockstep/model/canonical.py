"""Canonical bytes and digests: equal values give equal bytes, on any machine, at any time."""

import hashlib
import json
from collections.abc import Mapping

from lockstep.model.document import Json


def canonical_json(value: Json) -> bytes:
    """Sorted keys, no spaces, UTF-8. Raises ValueError for NaN and infinity, which JSON lacks."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def digest_bytes(data: bytes) -> str:
    """``sha256:<hex>`` of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_files(files: Mapping[str, bytes]) -> str:
    """``sha256:<hex>`` of files, by their paths and bytes."""
    named = {path: digest_bytes(data) for path, data in files.items()}
    # ASCII, because a path may hold bytes that are not UTF-8.
    return digest_bytes(json.dumps(named, sort_keys=True).encode())


def digest_json(value: Json) -> str:
    """``sha256:<hex>`` of the canonical JSON of a value."""
    return digest_bytes(canonical_json(value))

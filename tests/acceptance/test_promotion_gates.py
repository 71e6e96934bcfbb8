"""Gates of promotions on real git, real OPA and a real registry for each environment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.promotions import (
    DAY,
    PROD,
    STAGING,
    VERIFIED_AT,
    Stages,
    copy_stages,
    create_stages,
)
from tests.acceptance.rollouts import HEAD, rewrite

LEDGER = (
    "  gates:\n    - {name: served, source: ledger, when: promote, served: 24h, verdicts: pass}\n"
)
EARLY, DUE = f"{DAY}15:59:59Z", f"{DAY}16:00:00Z"

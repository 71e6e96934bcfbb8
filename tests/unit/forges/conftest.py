"""What tests of conversations with forges share."""

import pytest

from lockstep.edges import http
from lockstep.forges import api


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(api, "_PAUSES", (0.0, 0.0))
